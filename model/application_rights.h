/* application_rights.h - what applications of third parties may be let do
 *
 * A row per right; included with the macro defined as it is needed.  From
 * here come the field `rights` of kind `applications`, its REST document, the
 * help that administrators read and the enum of pbx/control/application.h.
 * Which route needs which right: pbx/control/application_gate.c.
 *
 *   APPLICATION_RIGHT(NAME, "as it is written", help, help_fr)
 *
 * Source: CAL-12.
 */
/* clang-format off */
APPLICATION_RIGHT(CALLS_SEE, "calls.see",
  "See calls, parked calls, conferences and devices, and hear their events",
  "Voir les appels, les conférences et les postes, et leurs événements")
APPLICATION_RIGHT(CALLS_CONTROL, "calls.control",
  "Make, answer, hold, transfer, park and end calls for phones",
  "Établir, prendre, mettre en garde, transférer et terminer des appels")
APPLICATION_RIGHT(CALLS_JOIN, "calls.join",
  "Let a phone break into a call or listen, where classes of service permit",
  "Faire entrer ou écouter un poste dans un appel, selon les classes")
APPLICATION_RIGHT(CALLS_EXPLAIN, "calls.explain",
  "Read what happened to a call and why, and its SIP messages",
  "Lire l'histoire d'un appel et ses messages SIP")
APPLICATION_RIGHT(RECORDS_READ, "records.read",
  "Read call records, and hear of new ones",
  "Lire les relevés d'appels")
APPLICATION_RIGHT(RECORDINGS_READ, "recordings.read",
  "Read and hear recordings of calls",
  "Écouter les enregistrements d'appels")
APPLICATION_RIGHT(RECORDINGS_CONTROL, "recordings.control",
  "Begin and stop recordings of calls, and delete them",
  "Commencer, arrêter et effacer des enregistrements")
APPLICATION_RIGHT(SETTINGS_SEE, "settings.see",
  "See how users want to be called: do not disturb, forwards",
  "Voir les réglages d'appel : ne pas déranger, renvois")
APPLICATION_RIGHT(SETTINGS_CHANGE, "settings.change",
  "Change how users want to be called",
  "Modifier les réglages d'appel")
APPLICATION_RIGHT(MESSAGES_READ, "messages.read",
  "Read and hear voice messages",
  "Écouter les messages vocaux")
APPLICATION_RIGHT(MESSAGES_CHANGE, "messages.change",
  "Mark and delete voice messages",
  "Marquer et effacer des messages vocaux")
APPLICATION_RIGHT(ALARMS_SEE, "alarms.see",
  "Hear of emergency calls and other alarms of the customer",
  "Recevoir les appels d'urgence et autres alarmes")
APPLICATION_RIGHT(EMERGENCY_CONTROL, "emergency.control",
  "With calls.control: hold, transfer or end emergency calls, too",
  "Avec calls.control : agir aussi sur les appels d'urgence")
/* clang-format on */
