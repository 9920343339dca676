/* cos_table.h - what a class of service holds: a row per option and timer
 *
 * Included by cos.h and cos.c with the three macros defined as they need
 * them; the enums, the fields of kind `coses`, its REST document, the answer
 * of /api/v1/class-options, docs/class-of-service.md (tests/programs/classes
 * --write) and the list of cases that must be tested all come from here.
 *
 *   COS_OPTION(NAME, field, preset, bare, "name in the trade",
 *              "where it is enforced", "what off means", help, help_fr)
 *   COS_NUMBER(NAME, field, min, max, preset, bare, unit, "name in the trade",
 *              "where it is enforced", "what it does", help, help_fr)
 *   COS_ABSENT("name in the trade", "why it is not applicable")
 *
 * preset is what a new class has; bare is what a user without any class has.
 * A number of 0 is "off" where its range begins with 0.
 *
 * Source: domain/pbx.md 4.1, 4.2; CAL-9.
 */
/* clang-format off */

/* ---- accounting ---- */
COS_OPTION(ACCOUNT_VERIFIED, account_code_verified, false, false,
  "Account Code Verified", "pbx/route/account.c",
  "a code of the customer's list is refused like any other",
  "May enter account codes of the customer's list",
  "Peut saisir des codes d'affaire de la liste")
COS_OPTION(ACCOUNT_FREE, account_code_free, true, true,
  "Non-Verified Account Code", "pbx/route/account.c",
  "a code that is not on the customer's list is refused",
  "May enter any account code",
  "Peut saisir tout code d'affaire")
COS_OPTION(ACCOUNT_FORCED_VERIFIED, account_code_forced_verified, false, false,
  "Forced Verified Account Code", "pbx/route/account.c",
  "calls outside need no code of the list",
  "Calls outside need an account code of the customer's list",
  "Code d'affaire de la liste exigé vers l'extérieur")
COS_OPTION(ACCOUNT_FORCED_FREE, account_code_forced, false, false,
  "Forced Non-Verified Account Code", "pbx/route/account.c",
  "calls outside need no code",
  "Calls outside need an account code",
  "Code d'affaire exigé vers l'extérieur")
COS_OPTION(SMDR_EXTERNAL, records_external, true, true,
  "SMDR External", "pbx/watch/cdr.c",
  "records of the user's calls outside carry billed: false and are left out of the CSV export",
  "The user's calls outside are in exported records",
  "Appels extérieurs dans les relevés")
COS_OPTION(SMDR_INTERNAL, records_internal, true, true,
  "SMDR Internal", "pbx/watch/cdr.c",
  "the same for calls inside",
  "The user's calls inside are in exported records",
  "Appels internes dans les relevés")

/* ---- monitoring ---- */
COS_OPTION(MONITOR_ACCEPT, monitor_accept, false, false,
  "Silent Monitoring Accept", "pbx/feature/intrude.c",
  "nobody can listen to the user's calls",
  "Others may listen to the user's calls",
  "Peut être écouté")
COS_OPTION(MONITOR, monitor, false, false,
  "Silent Monitoring Allowed", "pbx/feature/intrude.c",
  "the code is refused",
  "May listen to calls of those who accept it",
  "Peut écouter les appels")
COS_OPTION(MONITOR_TONE, monitor_tone, true, true,
  "Silent Monitoring Notification", "pbx/feature/intrude.c",
  "the user hears no tone when listened to",
  "Hears a tone when listened to",
  "Entend un signal quand on l'écoute")

/* ---- answering ---- */
COS_OPTION(AUTO_ANSWER, auto_answer, true, true,
  "Auto Answer Allowed", "pbx/call/fork.c",
  "the code is refused and the user's phones ring",
  "Phones may answer by themselves",
  "Réponse automatique permise")
COS_OPTION(HANDSFREE, handsfree_answerback, true, true,
  "Handsfree Answerback Allowed", "pbx/feature/page.c",
  "a direct page goes one way only",
  "May speak back to a direct page without lifting",
  "Peut répondre en mains libres")
COS_OPTION(OFF_HOOK_ANNOUNCE, off_hook_announce, false, false,
  "Off-Hook Voice Announce Allowed", "pbx/feature/page.c",
  "a direct page finds the user busy while on the phone",
  "Takes a direct page during a call",
  "Reçoit une annonce pendant un appel")

/* ---- busy ---- */
COS_OPTION(BROKERS, brokers, true, true,
  "Brokers Call", "pbx/call/bridge.c",
  "a held call cannot be taken back while another one is held (403)",
  "May swap between two calls",
  "Va-et-vient permis")
COS_OPTION(CALL_WAITING, call_waiting, true, true,
  "Call Waiting - Swap", "pbx/route/route_user.c",
  "a second call is busy",
  "A second call rings",
  "Appel en attente")
COS_OPTION(CAMPON_SECURITY, camp_on_tone_security, false, false,
  "Camp-on Tone Security", "pbx/feature/campon.c",
  "the user hears when somebody waits",
  "Never hears the camp-on tone",
  "N'entend jamais le signal d'attente")
COS_OPTION(OVERRIDE, override, false, false,
  "Executive Busy Override", "pbx/feature/intrude.c",
  "the code is refused",
  "May break into calls",
  "Entrée en tiers permise")
COS_OPTION(OVERRIDE_SECURITY, override_security, false, false,
  "Busy Override Security", "pbx/feature/intrude.c",
  "who has the option may break into the user's calls",
  "Nobody breaks into the user's calls",
  "Protégé de l'entrée en tiers")
COS_OPTION(PRIVACY, privacy, false, false,
  "Call Privacy", "pbx/feature/intrude.c",
  "others may join the user's calls where their classes permit",
  "Nobody joins the user's calls in any way",
  "Personne ne rejoint les appels de l'usager")
COS_OPTION(CALLBACK, callback, true, true,
  "Callbacks - Allowed", "pbx/feature/callback.c",
  "callbacks are refused",
  "May ask to be called when somebody is free",
  "Rappel automatique permis")

/* ---- forwarding ---- */
COS_OPTION(FORWARD_ACCEPT, forward_accept, true, true,
  "Call Forwarding Accept", "pbx/route/route_user.c",
  "forwarded calls end before the user",
  "Calls may be forwarded to the user",
  "Accepte les renvois")
COS_OPTION(FORWARD, forward, true, true,
  "Call Forwarding Internal Destination", "pbx/route/route_forward.c",
  "the user's forwards to numbers inside are not followed, codes refused (403)",
  "May forward calls",
  "Renvois permis")
COS_OPTION(FORWARD_EXTERNAL, forward_external, true, true,
  "Call Forwarding External Destination", "pbx/route/route_forward.c",
  "the user's forwards to numbers outside are not followed, codes refused (403)",
  "May forward calls to the outside",
  "Renvois vers l'extérieur permis")
COS_OPTION(FORWARD_OVERRIDE, forward_override, false, false,
  "Call Forwarding Override", "pbx/route/route_user.c",
  "the user's calls follow the forwards of whom they call",
  "Calls ring where dialled, whatever forward is set",
  "Sonne malgré le renvoi du poste appelé")
COS_OPTION(FORWARD_OTHERS_ACCEPT, forward_others_accept, false, false,
  "Third-party CFFM Accept", "pbx/feature/others.c",
  "nobody else sets the user's forward",
  "Others may set the user's forward",
  "D'autres peuvent poser son renvoi")
COS_OPTION(FORWARD_OTHERS, forward_others, false, false,
  "Third-party CFFM Allow", "pbx/feature/others.c",
  "the code is refused",
  "May set others' forwards",
  "Peut poser le renvoi d'un autre")
COS_OPTION(GROUP_FORWARD_ACCEPT, group_forward_accept, false, false,
  "Group CFFM Accept", "pbx/feature/others.c",
  "a forward of the whole group leaves the user out",
  "A forward of the whole group is the user's, too",
  "Accepte le renvoi du groupe")
COS_OPTION(GROUP_FORWARD, group_forward, false, false,
  "Group CFFM Allow", "pbx/feature/others.c",
  "the code is refused for the number of a group",
  "May forward the groups the user is a member of",
  "Peut renvoyer ses groupes")
COS_OPTION(REROUTE_BUSY, reroute_after_busy, true, true,
  "Call Reroute after CFFM to busy destination", "pbx/route/route_forward.c",
  "who takes all calls and is busy ends the call",
  "When who takes all calls is busy, the user's own busy forward counts",
  "Si la destination du renvoi est occupée, renvoi sur occupation")
COS_OPTION(NO_CHAIN, no_chaining, false, false,
  "Disable Call Reroute Chaining On Diversion", "pbx/route/route_forward.c",
  "a forwarded call follows the forwards of whom it reaches",
  "A call the user has forwarded is not forwarded again",
  "Un appel renvoyé n'est plus renvoyé")

/* ---- hold and park ---- */
COS_OPTION(HOLD, hold, true, true,
  "Call Hold", "pbx/call/bridge.c",
  "holding is refused (403)",
  "May hold calls",
  "Mise en garde permise")
COS_OPTION(CALLED_HOLD_TIME, called_hold_time, false, false,
  "Use Called Party Call Hold Timer", "pbx/transfer/recall.c",
  "the recall comes after the holder's time",
  "The recall of a call the user holds comes after the called party's time",
  "Le rappel suit le délai du poste appelé")
COS_OPTION(HELD_SHOWN, held_shown_on_transfer, true, true,
  "Display Held Call ID on Transfer", "pbx/transfer/transfer_to.c",
  "who is rung for a call handed over sees who hands over until the answer",
  "Who gets a call from the user by transfer sees whose it is",
  "Le correspondant transféré est présenté")
COS_OPTION(LOCAL_MUSIC, local_music, false, false,
  "Local Music On Hold source", "pbx/speech/music.c",
  "who is held by the user hears the zone's or the customer's music",
  "Who is held by the user hears the user's own music",
  "Musique d'attente propre à l'usager")
COS_OPTION(REMOTE_RETRIEVE, remote_retrieve, true, true,
  "Call Hold - Remote Retrieve", "pbx/transfer/transfer_replace.c",
  "a held call cannot be fetched from another set",
  "May fetch held calls from another set",
  "Reprise d'un autre poste permise")
COS_OPTION(PARK, park, true, true,
  "Call Park - Allowed To Park", "pbx/feature/park.c",
  "the code is refused",
  "May park calls",
  "Mise en attente commune permise")
COS_OPTION(PARK_ACCEPT, park_accept, true, true,
  "Call Park - Accept", "pbx/feature/park.c",
  "calls cannot be parked on the user's number",
  "Calls may be parked on the user's number",
  "Accepte des appels parqués")

/* ---- pickup, conference, clearing ---- */
COS_OPTION(CODES, codes, true, true,
  "Feature Access Codes", "pbx/route/code.c",
  "codes refused (403)",
  "May dial feature access codes",
  "Codes de service permis")
COS_OPTION(PICKUP_GROUP, pickup_group, true, true,
  "Call Pickup Dialed", "pbx/feature/pickup.c",
  "`*8` refused",
  "May pick up calls of the group",
  "Interception de groupe permise")
COS_OPTION(PICKUP_DIRECTED, pickup_directed, true, true,
  "Call Pickup Directed", "pbx/feature/pickup.c",
  "`**NUMBER` refused",
  "May pick up calls of a number",
  "Interception dirigée permise")
COS_OPTION(PICKUP_ACCEPT, pickup_accept, true, true,
  "Call Pickup Directed - Accept", "pbx/feature/pickup.c",
  "the user's calls are not found by who picks up",
  "The user's calls may be picked up",
  "Accepte l'interception")
COS_OPTION(CONFERENCE, conference, true, true,
  "Conference Call", "pbx/conference/conference_dial.c",
  "the code is refused",
  "May hold conferences",
  "Conférence permise")
COS_OPTION(CONFERENCE_ENDS, conference_ends_with_creator, false, false,
  "Conference ends when its creator leaves", "pbx/conference/conference_dial.c",
  "the others go on talking",
  "The user's conferences end when the user leaves",
  "La conférence finit quand son créateur part")
COS_OPTION(CLEAR_OTHERS, clear_others, false, false,
  "Clear All Features Remote", "pbx/feature/others.c",
  "the code with another's number is refused",
  "May clear all that another user has set",
  "Peut effacer les réglages d'un autre")

/* ---- do not disturb ---- */
COS_OPTION(DND, dnd, true, true,
  "Do Not Disturb", "pbx/route/route_user.c",
  "a setting of it has no effect, code refused",
  "May use do not disturb",
  "Ne pas déranger permis")
COS_OPTION(DND_OTHERS, dnd_others, false, false,
  "Do Not Disturb - Access to Remote Phones", "pbx/feature/others.c",
  "the code is refused",
  "May set do not disturb for others",
  "Peut poser ne pas déranger pour un autre")
COS_OPTION(DND_ALWAYS, dnd_permanent, false, false,
  "Do Not Disturb - Permanent", "pbx/route/route_user.c",
  "the user sets it, or not",
  "Do not disturb is always on",
  "Ne pas déranger permanent")

/* ---- control by others' programs ---- */
COS_OPTION(CTI_CONTROL, cti_control, true, true,
  "HCI/CTI/TAPI Call Control Allowed", "pbx/control/control.c",
  "REST commands to the user's phones are refused (403)",
  "Calls may be controlled by REST",
  "Commande des appels par REST")
COS_OPTION(CTI_MONITOR, cti_monitor, true, true,
  "HCI/CTI/TAPI Monitor Allowed", "pbx/watch/event.c",
  "events do not tell of the user's calls while they last",
  "Events tell of the user's calls",
  "Les événements montrent les appels")

/* ---- hot desk ---- */
COS_OPTION(HOT_DESK_ACCEPT, hot_desk_accept, true, true,
  "Hot Desk Login Accept", "pbx/desk/hotdesk.c",
  "nobody logs in at the phones of the user",
  "Others may log in at the user's phones",
  "Connexion d'autrui sur ses postes")
COS_OPTION(HOT_DESK_LOGOUT, hot_desk_remote_logout, true, true,
  "Hot Desk Remote Logout Enabled", "pbx/desk/hotdesk_code.c",
  "the code is refused",
  "May log out a user left on another phone",
  "Peut déconnecter un usager à distance")
COS_OPTION(TWIN_PERMANENT, twin_permanent_login, false, false,
  "Hot Desk External User - Permanent Login", "pbx/desk/twin.c",
  "the user logs in and out",
  "The outside number is always logged in",
  "Numéro extérieur toujours connecté")
COS_OPTION(TWIN_FEATURES, twin_mid_call_features, true, true,
  "Hot Desk External User - Allow Mid-Call Features", "pbx/desk/twin_keys.c",
  "keys pressed during a call mean nothing",
  "Keys control calls at the outside number",
  "Commandes par touches au numéro extérieur")
COS_OPTION(TWIN_TONE, twin_dial_tone, false, false,
  "Hot Desk External User - Dial Tone upon Call Completion",
  "pbx/desk/twin_line.c",
  "the call to the outside number ends when the other party hangs up",
  "After a call the outside number hears dial tone for the next one",
  "Tonalité au numéro extérieur en fin d'appel")
COS_OPTION(TWIN_CONFIRM, twin_answer_confirmation, true, true,
  "Hot Desk External User - Answer Confirmation", "pbx/desk/twin.c",
  "who answers at the outside number has the call at once",
  "A key must be pressed at the outside number",
  "Une touche confirme la réponse")
COS_OPTION(TWIN_SHOWS, twin_shows_internal, true, true,
  "Hot Desk External User - Display Internal Calling ID", "pbx/trunk/outside.c",
  "the outside number sees the user's own number",
  "The outside number sees who calls inside",
  "Le numéro extérieur voit le numéro interne")

/* ---- identity and display ---- */
COS_OPTION(NUMBER_DELIVERY, number_delivery, true, true,
  "ANI/DNIS/ISDN Number Delivery Trunk; Trunk Calling Party Identification",
  "pbx/trunk/outside.c",
  "the user's calls outside withhold the number",
  "The number is shown outside",
  "Numéro présenté à l'extérieur")
COS_OPTION(DISPLAY_CALLER, display_caller, true, true,
  "Display ANI/DNIS/ISDN Calling/Called Number", "pbx/call/fork.c",
  "calls from outside reach the user without a number",
  "Sees the number of outside callers",
  "Voit le numéro des appelants extérieurs")
COS_OPTION(DISPLAY_NUMBER_ONLY, display_number_only, false, false,
  "Display ANI/ISDN Calling Number Only", "pbx/call/fork.c",
  "the name is shown too",
  "Sees outside callers' numbers without names",
  "Voit le numéro sans le nom")
COS_OPTION(NAME_SUPPRESSED, name_suppressed, false, false,
  "Name Suppression on outgoing Trunk Call", "pbx/trunk/outside.c",
  "the user's name goes along with the number",
  "The name is not shown outside",
  "Nom non présenté à l'extérieur")
COS_OPTION(PUBLIC_IDENTITY, public_identity, true, true,
  "Public Network Identity Provided", "pbx/trunk/outside.c",
  "the customer's or the trunk's number is shown outside, never the user's",
  "The user's own number is shown outside",
  "Le numéro de l'usager est présenté")

COS_OPTION(NON_PRIME_IDENTITY, non_prime_identity, true, true,
  "Non-Prime Public Network Identity", "pbx/trunk/cpn.c",
  "calls from the user's further lines show the user's number, not the line's",
  "Further lines show numbers of their own outside",
  "Les lignes secondaires présentent leur numéro")
COS_OPTION(NON_DID, non_did, false, false,
  "Non-DID Extension", "pbx/call/call_begin.c",
  "numbers outside lead to the user",
  "No number outside leads to the user",
  "Aucun numéro extérieur n'aboutit à l'usager")

/* ---- emergency ---- */
COS_OPTION(EMERGENCY_AUDIO, emergency_audio, true, true,
  "Emergency Call Notification Audio", "pbx/trunk/emergency_notice.c",
  "the user's phones do not ring where they are told of emergency calls",
  "Hears of emergency calls where designated for it",
  "Averti de vive voix des appels d'urgence")
COS_OPTION(EMERGENCY_VISUAL, emergency_visual, true, true,
  "Emergency Call Notification Visual", "pbx/trunk/emergency_notice.c",
  "no text comes to the user's phones",
  "Gets a text of emergency calls where designated for it",
  "Averti par texte des appels d'urgence")

COS_OPTION(BILLING_DEFAULT, billing_default, false, false,
  "Use default billable number for trunk billing", "pbx/trunk/cpn.c",
  "calls are billed to the line's or the user's billing number where there is one",
  "Calls are billed to the zone's or customer's number, never the user's",
  "Facturation au numéro de la zone ou du client")

/* ---- duration ---- */
COS_OPTION(LIMIT_EXTERNAL, limit_external, false, false,
  "Enable Call Duration Limit External", "pbx/call/limit.c",
  "calls outside last as long as they like",
  "Calls outside are limited in time",
  "Durée des appels extérieurs limitée")
COS_OPTION(LIMIT_INTERNAL, limit_internal, false, false,
  "Enable Call Duration Limit Internal", "pbx/call/limit.c",
  "calls inside last as long as they like",
  "Calls inside are limited in time",
  "Durée des appels internes limitée")

/* ---- messages ---- */
COS_OPTION(MESSAGE_WAITING, message_waiting, true, true,
  "Message Waiting", "pbx/feature/lamp.c",
  "no lamp: the user is told of no messages",
  "The lamp tells of messages",
  "Voyant de messages")
COS_OPTION(MESSAGE_SEND, message_send, true, true,
  "Disable Send Message (reversed)", "pbx/feature/lamp.c",
  "the code is refused",
  "May light another's lamp",
  "Peut laisser un message chez un autre")
COS_OPTION(MESSAGE_INQUIRE, message_inquire, true, true,
  "Message Waiting Inquire", "pbx/feature/lamp.c",
  "the code is refused",
  "May call back who lit the lamp",
  "Peut rappeler qui a laissé un message")
COS_OPTION(MESSAGE_OFF_HOOK, message_off_on_call, false, false,
  "Message Waiting Deactivate On Off-Hook", "pbx/feature/lamp.c",
  "the lamp stays until the message is fetched",
  "A lamp lit by others goes out with the next call the user makes",
  "Le voyant s'éteint au prochain appel")

COS_OPTION(CALLBACK_ERASES, callback_erases, true, true,
  "VM Callback Message Erasure", "pbx/feature/lamp.c",
  "a lamp lit by others stays lit until they put it out, or any call does",
  "A lamp lit by others goes out when they are called back",
  "Rappeler l'auteur éteint le voyant")

/* ---- paging and recording ---- */
COS_OPTION(PAGE_ACCEPT, page_accept, true, true,
  "Group Page Accept", "pbx/feature/page.c",
  "group pages leave the user out",
  "Hears group pages",
  "Reçoit les annonces de groupe")
COS_OPTION(PAGE, page, false, true,
  "Group Page Allow", "pbx/feature/page.c",
  "the code is refused",
  "May page a group",
  "Peut faire une annonce de groupe")
COS_OPTION(RECORD, record, true, true,
  "Record-A-Call Active", "pbx/conference/record.c",
  "recording is refused",
  "May record calls",
  "Peut enregistrer ses appels")
COS_OPTION(RECORD_AUTO, record_automatically, false, false,
  "Record-A-Call Start Automatically", "pbx/conference/record.c",
  "recording begins when asked for",
  "Every call of the user is recorded",
  "Tous les appels sont enregistrés")
COS_OPTION(RECORD_SAVE, record_save, true, true,
  "Record-A-Call Save on Hang-up", "pbx/conference/record.c",
  "a recording that was not stopped is thrown away",
  "A recording is kept when the call ends",
  "L'enregistrement est gardé au raccroché")

/* ---- network ---- */
COS_OPTION(STANDARD_RINGBACK, standard_ringback, false, false,
  "External Trunk Standard Ringback", "pbx/call/call.c",
  "the user hears what the network plays before the answer",
  "Calls outside ring as calls inside do, whatever the network plays",
  "Retour d'appel ordinaire vers l'extérieur")
COS_OPTION(TRUNK_ACCESS, trunk_access, false, false,
  "Individual Trunk Access", "pbx/trunk/trunk_access.c",
  "the code is refused",
  "May choose the trunk of a call",
  "Peut choisir le faisceau")
COS_OPTION(PUBLIC_TO_PUBLIC, public_to_public, true, true,
  "Public to Public connection allowed", "pbx/route/route.c",
  "the user's forwards and transfers never join two outside parties",
  "May connect two outside parties",
  "Peut relier deux correspondants extérieurs")
COS_OPTION(NIGHT_ANSWER, night_answer, false, false,
  "Dialed Night Service", "pbx/feature/pickup.c",
  "at night `*8` finds the calls of the user's own groups",
  "At night picks up calls of any group",
  "La nuit, intercepte les appels de tout groupe")
COS_OPTION(SERVICE_MODE, service_mode, false, false,
  "Flexible Answer Point", "pbx/route/code.c",
  "codes for day and night service are refused",
  "May switch day and night service",
  "Peut changer le mode jour ou nuit")

/* ---- other ---- */
COS_OPTION(REDIAL, redial, true, true,
  "Redial Facilities", "pbx/feature/dial.c",
  "the code is refused",
  "May redial the last number",
  "Répétition du dernier numéro")
COS_OPTION(REMINDER, timed_reminder, true, true,
  "Timed Reminder", "pbx/feature/reminder.c",
  "the code is refused",
  "May be called at a time",
  "Rappel à une heure donnée")

/* ---- values ---- */
COS_NUMBER(ACCOUNT_LENGTH, account_code_length, 2, 12, 6, 12, "digits",
  "Account Code Length", "pbx/route/account.c",
  "longer account codes are refused",
  "Digits of an account code at most",
  "Chiffres d'un code d'affaire au plus")
COS_NUMBER(AUTO_CAMPON, auto_camp_on_s, 0, 30, 0, 0, "s",
  "Auto Camp-on", "pbx/feature/campon.c",
  "a call to a busy user waits after this time",
  "Seconds after which a call to a busy user waits; 0: busy",
  "Secondes avant l'attente sur occupation ; 0 : occupé")
COS_NUMBER(CALL_DURATION, call_duration_min, 2, 120, 10, 10, "min",
  "Call Duration", "pbx/call/limit.c",
  "a limited call's warning tone",
  "Minutes of a limited call before the warning tone",
  "Minutes avant le signal d'un appel limité")
COS_NUMBER(CLEAR_DOWN, clear_down_min, 0, 10, 0, 0, "min",
  "Forced Cleardown", "pbx/call/limit.c",
  "the call ends so long after the warning; 0: at once",
  "Minutes from the warning tone to the end of a limited call",
  "Minutes du signal à la fin d'un appel limité")
COS_NUMBER(FORWARD_DELAY, forward_delay_s, 0, 125, 0, 0, "s",
  "Call Forward Delay", "pbx/route/route_user.c",
  "forward always and do not disturb's forward wait so long, the phones ring",
  "Seconds a call rings before forward always",
  "Secondes de sonnerie avant le renvoi de tous les appels")
COS_NUMBER(FORWARD_NO_ANSWER, forward_no_answer_s, 0, 125, 15, 20, "s",
  "Call Forward No Answer", "pbx/route/route_user.c",
  "for users that have not chosen a time; 0: the installation's",
  "Seconds before forward on no answer, unless the user has a time",
  "Secondes avant renvoi sur non-réponse")
COS_NUMBER(HOLD_RECALL, hold_recall_s, 10, 600, 120, 120, "s",
  "Call Hold", "pbx/transfer/recall.c",
  "a call held longer rings its holder",
  "Seconds before a held call rings",
  "Secondes avant rappel d'un appel en garde")
COS_NUMBER(PARK_RECALL, park_recall_s, 10, 600, 120, 120, "s",
  "Call Park recall", "pbx/transfer/recall.c",
  "a call parked longer rings who parked it",
  "Seconds before a parked call rings",
  "Secondes avant rappel d'un appel parqué")
COS_NUMBER(CAMPON_RECALL, camp_on_recall_s, 0, 180, 30, 30, "s",
  "Camp-on Recall", "pbx/feature/campon.c",
  "a call that waits longer goes back",
  "Seconds before a waiting call goes back",
  "Secondes avant retour d'un appel en attente")
COS_NUMBER(FIRST_DIGIT, first_digit_s, 5, 60, 15, 15, "s",
  "First Digit", "pbx/route/account.c",
  "a prompt waits so long for the first digit",
  "Seconds for the first digit after a prompt",
  "Secondes pour le premier chiffre")
COS_NUMBER(INTER_DIGIT, inter_digit_s, 3, 60, 5, 5, "s",
  "Inter-Digit", "pbx/route/account.c",
  "and so long for each of the others",
  "Seconds between digits after a prompt",
  "Secondes entre deux chiffres")
COS_NUMBER(NO_ANSWER_RECALL, no_answer_recall_s, 0, 125, 20, 20, "s",
  "No Answer Recall", "pbx/transfer/recall.c",
  "a transferred call not answered comes back",
  "Seconds before an unanswered transfer comes back",
  "Secondes avant retour d'un transfert sans réponse")
COS_NUMBER(RINGING, ringing_s, 60, 300, 180, 0, "s",
  "Ringing (abandon)", "pbx/route/forward.c",
  "nobody is rung longer",
  "Seconds a call rings before it is given up",
  "Secondes de sonnerie avant abandon")

/* ---- not applicable ---- */
COS_ABSENT("Follow 2nd alternate reroute on recall to busy agent; ACD Agent Behavior on No Answer; ACD logout-agent no-answer; Work Timer; External Hot Desk - Reseize Timer; Answer Plus (four values)",
  "belong to queues with agents (CAL-7), which do not exist yet")
COS_ABSENT("Call Announce Line; Head Set Switch Mute; Handset Volume Saved; Multiline Set On Hook Dialing; Ringing Line Select; Multiline Set Music; Retrieve with Hold Key; Voice Mail Softkey; After Answer Display Time; Message Waiting Audible Tone; Message Waiting ringing start/stop; Display Dialed Digits during Outgoing Calls",
  "habits of the set itself: a SIP phone decides them and the controller cannot")
COS_ABSENT("Privacy Released; Display Caller ID on multicall/keylines; Delay Ring",
  "lines shared by keys do not exist; a phone's key template decides how its keys ring")
COS_ABSENT("Use Held Party Device for Call Re-routing",
  "each hop is paid and permitted by who sends the call on, never by who is held")
COS_ABSENT("Hot Desk External User - Remote MWI Enable / Disable FAC",
  "no provider's lamp is reached by dialling; messages come by mail")
COS_ABSENT("Calling Name / Number Display Internal (analog); ONS CLASS/CLIP (3)",
  "no analogue sets")
COS_ABSENT("Display DNIS before digit modification",
  "phones get the number as called in History-Info and Diversion, whatever the trunk's digit rules made of it")
COS_ABSENT("Emergency Call Notification: audio level",
  "how loud a telephone rings is the telephone's own")
COS_ABSENT("Multiline Set Message Center Remote Read",
  "messages are read by their owner with a passcode, from any phone")
COS_ABSENT("Pager Access All / Individual Zones; Loudspeaker override; zone override security",
  "no loudspeakers")
COS_ABSENT("Public Trunk; Public network access via DPNSS; Override Interconnect Restriction on Transfer; Check COR after PSTN Dial Tone; Trunk Flash; Delay dial tone",
  "digital and analogue trunks: SIP trunks get the whole number at once, and customers are never interconnected")
COS_ABSENT("Phonebook",
  "the directory is served by the uc server to each signed-in user; the controller has none to give or refuse")
COS_ABSENT("Busy Tone; Lockout",
  "a refusal ends the call at once and the phone plays its own tone, so that nothing stays seized")
COS_ABSENT("Dialing Conflict",
  "a SIP phone sends the whole number; where prompts collect digits Inter-Digit counts")
COS_ABSENT("Attendant Busy-out",
  "no attendant console is connected")
COS_ABSENT("Suite, hotel and wake-up options (8); R2; DASS II; SC1000; loop test; Speak@Ease; Keep TelDir entry; RAD (2); COV/ONS VM port; suppress CCM; Disable PC port",
  "other makers' hardware")

#undef COS_OPTION
#undef COS_NUMBER
#undef COS_ABSENT
/* clang-format on */
