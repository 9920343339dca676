/* openapi_shape.c - see openapi_shape.h
 *
 * tests/docs/api asks the servers and holds their answers against this.
 */
#include <string.h>
#include <stdio.h>

#include "base/libre.h"
#include "model/openapi_shape.h"

static const struct shape shapes[] = {
	{ "problem",
	  "type:string title:string status:integer code:string detail:string~ "
	  "errors:[]#problem-field~ correlation:string~",
	  "Problem details (RFC 9457); `code` is stable, texts may change" },
	{ "problem-field", "field:string code:string detail:string",
	  "What is wrong with one field" },
	{ "about",
	  "product:string server:string release:string version:string "
	  "name:string~",
	  "Which server this is" },
	{ "started",
	  "task:string object:string sip_user:string~ sip_secret:string~ "
	  "token:string~ "
	  "phones:[]object~",
	  "A task has begun; see /api/v1/tasks/{task}" },

	/* portal */
	{ "credentials", "login:string password:string", "To sign in" },
	{ "administrator",
	  "id:string login:string name:string role:string customer:string?",
	  "Who signed in" },
	{ "session", "token:string admin:#administrator expires_ms:integer",
	  "A session; the token is also in cookie `session`" },
	{ "caller", "id:string login:string role:string customer:string?",
	  "Who asks" },
	{ "link-wish", "login:string~", "For whom; the provider without" },
	{ "link",
	  "url:string token:string link:string link_token:string "
	  "link_ends_ms:integer",
	  "A sign-in link that works once" },
	{ "new-password", "password:string", "The password to be" },
	{ "mail-head", "id:string date:string? to:string? subject:string?",
	  "A mail of the Maildir" },
	{ "mail", "id:string message:string", "A mail as it was written" },
	{ "reports", "pbx:object? uc:object? border:object?~",
	  "What each server of the group answers" },

	/* uc */
	{ "proof", "login:string~ password:string~ device_token:string~",
	  "login and password, or device_token" },
	{ "user-brief",
	  "id:string login:string name:string extension:string "
	  "customer:string language:string",
	  "Who signed in" },
	{ "user-session", "token:string user:#user-brief", "A session" },
	{ "me",
	  "id:string login:string name:string extension:string email:string "
	  "customer:string language:string",
	  "Who I am" },
	{ "password-change", "current:string new:string", "Both passwords" },
	{ "person",
	  "id:string name:string number:string email:string presence:string",
	  "Somebody of my customer" },
	{ "presence", "user:string state:string", "What a user's phones do" },
	{ "past-call",
	  "id:string generation:integer customer:string user:string "
	  "call:string direction:string result:string peer_number:string? "
	  "peer_name:string? started_ms:integer answered_ms:integer? "
	  "ended_ms:integer duration_s:integer",
	  "A call that is over" },
	{ "account",
	  "version:integer client:string user:#account-user uc:#account-uc? "
	  "sip:#account-sip? phone:string?",
	  "What a phone is set up with" },
	{ "account-user",
	  "id:string login:string name:string extension:string "
	  "customer:string",
	  "Whose phone it is" },
	{ "account-uc", "url:string device_token:string",
	  "How it signs in to the users' services" },
	{ "account-sip",
	  "registrars:[]string outbound_proxy:string? realm:string "
	  "sip_user:string sip_secret:string number:string transport:string",
	  "How it registers" },

	/* pbx */
	{ "registration",
	  "phone:string user:string? customer:string? sip_user:string "
	  "number:string contact:string path:string? source:string "
	  "user_agent:string? expires_s:integer",
	  "A phone that can be rung, and where" },
	{ "party",
	  "user:string? phone:string? number:string? name:string? "
	  "withheld:boolean~",
	  "One side of a call; withheld: the other one did not see who it is" },
	{ "call",
	  "id:string customer:string? state:string~ caller:#party "
	  "callee:#party started_ms:integer answered_ms:integer? "
	  "call:string~ ended_ms:integer~ result:string~ duration_s:integer~ "
	  "trail:[]#trail-entry~ account:string~ billed:boolean~ "
	  "connections:[]#connection~",
	  "A call that goes on, or its record" },
	{ "connection",
	  "call:string id:string user:string? phone:string? number:string? "
	  "state:string peer:string? peer_name:string? direction:string",
	  "One party's side of a call" },
	{ "device",
	  "id:string customer:string user:string? number:string "
	  "extension:string? name:string registered:boolean calls:integer "
	  "do_not_disturb:boolean forwarded_to:string? "
	  "connections:[]#connection~",
	  "A phone, and what goes on there" },
	{ "application-use", "last_used_ms:integer? streams:integer",
	  "At all nodes of its pbx" },
	{ "own-application",
	  "id:string customer:string name:string rights:[]string scope:any "
	  "expires_ms:integer? requests_per_s:integer streams_max:integer "
	  "streams:integer",
	  "The application that asks" },
	{ "new-call",
	  "phone:string number:string camp_on:boolean~ "
	  "auto_answer:boolean~ account:string~",
	  "Which phone is rung first, and what it is connected with; whether "
	  "it waits should that be busy; whether the phone is asked to answer "
	  "by itself; the account code it is booked under" },
	{ "other-call", "phone:string call:string",
	  "The phone, and its other call" },
	{ "message-waiting", "phone:string number:string on:boolean~",
	  "Who asks to be called back, and whom" },
	{ "keys", "phone:string digits:string", "What is pressed for it" },
	{ "call-control", "events:[]object states:[]string causes:[]string",
	  "What events of calls say (ECMA-269)" },
	{ "new-join", "phone:string with:string silent:boolean~",
	  "Which phone comes in, and beside which phone of the call; whether it "
	  "hears only" },
	{ "where", "number:string~",
	  "Where it rings; in a pick-up group of the phone without" },
	{ "whose", "phone:string", "The phone that is to do it" },
	{ "new-transfer",
	  "phone:string number:string~ call:string~ account:string~",
	  "Who hands over, and to a number or to its other call" },
	{ "new-park", "phone:string number:string~",
	  "Whose other party is parked, and where: at its own number "
	  "without" },
	{ "parked",
	  "id:string customer:string number:string index:integer "
	  "parker:string party:string? party_name:string? since_ms:integer",
	  "A parked call: where, by which phone, who is parked" },
	{ "pair",
	  "role:string linked:boolean current:boolean lease:boolean "
	  "holder:string epoch:integer lag:integer unread:integer "
	  "read:boolean elsewhere:integer calls:integer "
	  "conflicts:[]#pair-conflict",
	  "A node of a pair, or one that is alone: whether both read each "
	  "other, it has read and been read, holds the lease; who does as far "
	  "as known; changes not here yet, and ours not read; phones "
	  "and calls at the other node" },
	{ "pair-conflict",
	  "at_ms:integer kind:string id:string lost:object? kept:object? "
	  "loser:string",
	  "What was changed on both nodes, and whose change was not kept" },
	{ "new-callback",
	  "phone:string number:string after:string~ minutes:integer~",
	  "Who wants to be rung when a number is free; `after` is `busy` or "
	  "`no-answer`: then once it has been used" },
	{ "callback",
	  "id:string phone:string number:string after:string "
	  "ends_ms:integer",
	  "Somebody waits for a number to be free" },
	{ "conference-call",
	  "id:string customer:string type:string room:string? name:string "
	  "number:string? began_ms:integer limit:integer locked:boolean "
	  "recorded:boolean parties:[]#conference-party",
	  "A conference that goes on" },
	{ "conference-party",
	  "party:integer call:string state:string user:string? phone:string? "
	  "number:string name:string muted:boolean held:boolean "
	  "creator:boolean moderator:boolean listener:boolean",
	  "Who takes part; `state` is dialled, asked, waiting or in" },
	{ "new-conference", "phone:string numbers:[]string~ account:string~",
	  "Which phone is rung first, and who else; what calls to these are "
	  "booked under" },
	{ "new-party", "number:string phone:string~ account:string~",
	  "Whom to call, and on behalf of which phone; else the creator's; what "
	  "it is booked under" },
	{ "recording",
	  "id:string customer:string call:string user:string? number:string? "
	  "name:string? peer:string? peer_name:string? at_ms:integer "
	  "length_ms:integer state:string marks:[]#recording-mark",
	  "A recording of a call" },
	{ "record-wish", "phone:string action:string",
	  "start, pause, resume, stop or discard; on whose behalf" },
	{ "recording-mark", "at_ms:integer what:string",
	  "When it was begun, paused, resumed, stopped" },
	{ "cdr",
	  "seq:integer id:string call:string customer:string? caller:#party "
	  "callee:#party started_ms:integer answered_ms:integer? "
	  "ended_ms:integer result:string duration_s:integer "
	  "account:string~ billed:boolean~ trail:[]#trail-entry~",
	  "The record of a call" },
	{ "trail-entry", "n:integer at_ms:integer what:string",
	  "What happened and why" },
	{ "trail", "items:[]#trail-entry", "All that happened to a call" },
	{ "traced",
	  "at_us:integer sent:boolean transport:string source:string "
	  "target:string message:string",
	  "A message as it went over the wire, secrets masked" },
	{ "trace", "items:[]#traced", "The messages of a call" },
	{ "class-option",
	  "id:string~ option:string field:string? state:string by:string~ off:string~ "
	  "does:string~ help:string~ reason:string~ unit:string~ "
	  "min:integer~ max:integer~ preset:any~ bare:any~",
	  "An option of a class of service: who enforces it, or why nobody" },
	{ "class-options", "items:[]#class-option total:integer next:any",
	  "All options" },

	{ "mailbox",
	  "user:string customer:string number:string group:boolean "
	  "new:integer old:integer length_ms:integer messages_max:integer "
	  "minutes_max:integer full:boolean locked:boolean "
	  "passcode_due:boolean visual:boolean bad_tries:integer",
	  "How a mailbox is" },
	{ "greeting", "name:string recorded:boolean used:boolean",
	  "A greeting of a mailbox" },
	{ "greeting-use", "used:boolean", "Whether callers hear it" },
	{ "prompt", "name:string language:string own:boolean",
	  "A prompt, standard or the customer's own" },
	{ "voice-message",
	  "id:string user:string number:string? name:string? at_ms:integer "
	  "length_ms:integer read:boolean saved:boolean partial:boolean urgent:boolean private:boolean",
	  "A voice message" },
	{ "voice-mark", "read:boolean~ saved:boolean~", "How to mark it" },

	{ "pin",
	  "is_set:boolean is_own:boolean changed_ms:integer? failures:integer "
	  "locked_until_ms:integer?",
	  "Whether there is one, whether the user set it, whether it is locked" },
	{ "new-pin", "pin:string old:string~",
	  "The PIN to be; with `old` only who knows that may" },
	{ "new-hot-desk", "user:string~ extension:string~ pin:string~",
	  "Who logs in: `user` on an administrator's word, or extension and "
	  "PIN" },
	{ "phone-key",
	  "key:integer function:string number:string label:string dial:string?",
	  "A key, and the digits it dials" },
	{ "phone-keys",
	  "phone:string user:string? pickup:string? items:[]#phone-key",
	  "The keys of a phone, or of who is logged in there; pickup: what "
	  "stands before a number to take a call that rings there" },
	{ "hot-desk",
	  "user:string phone:string? customer:string since_ms:integer?",
	  "Somebody logged in at a shared phone, or outside: no phone" },

	/* border */
	{ "flow", "sip_user:string flow:string expires_s:integer",
	  "A device that registered through here" },
};

#define LISTED "page[size] page[cursor]"

/* What the portal hands on (portal/sound.h). */
#define SOUND_SHAPES(path)                                                     \
	{ "portal", "PUT", path, "audio/wav", 204, NULL, NULL },               \
		{ "portal", "GET", path, NULL, 200, "audio/wav", NULL },       \
	{                                                                      \
		"portal", "DELETE", path, NULL, 204, NULL, NULL                \
	}
#define GREETING_SHAPES(path)                                                      \
	{ "portal", "GET", path, NULL, 200, "list #greeting", NULL },              \
		{ "portal",    "PUT", path "/{name}", "audio/wav", 200,            \
		  "#greeting", NULL },                                             \
		{ "portal", "GET", path "/{name}", NULL, 200, "audio/wav", NULL }, \
		{ "portal",    "PATCH", path "/{name}", "#greeting-use", 200,      \
		  "#greeting", NULL },                                             \
	{                                                                          \
		"portal", "DELETE", path "/{name}", NULL, 204, NULL, NULL          \
	}

static const struct shape_route rows[] = {
	{ NULL, "GET", "/api/v1/about", NULL, 200, "#about", NULL },
	{ NULL, "GET", "/api/v1/openapi.json", NULL, 200, "object", NULL },

	{ "portal", "POST", "/api/v1/sessions", "#credentials", 201, "#session",
	  NULL },
	{ "portal", "GET", "/api/v1/sessions/current", NULL, 200, "#caller",
	  NULL },
	{ "portal", "DELETE", "/api/v1/sessions/current", NULL, 204, NULL,
	  NULL },
	{ "portal", "POST", "/api/v1/admin-links", "#link-wish", 201, "#link",
	  NULL },
	{ "portal", "POST", "/api/v1/links/{token}", "#new-password", 201,
	  "#session", NULL },
	{ "portal", "POST", "/api/v1/tasks/{id}/retry", NULL, 202, "#started",
	  "wait" },
	{ "portal", "POST", "/api/v1/platforms/{id}/ping", NULL, 200,
	  "#reports", NULL },
	{ "portal", "POST", "/api/v1/phones/{id}/deploy", NULL, 202, "#started",
	  "wait" },
	{ "portal", "POST", "/api/v1/applications/{id}/token", NULL, 200,
	  "object", "wait" },
	{ "portal", "GET", "/api/v1/applications/{id}/use", NULL, 200,
	  "#application-use", NULL },
	{ "portal", "GET", "/api/v1/mails", NULL, 200, "list #mail-head",
	  NULL },
	{ "portal", "GET", "/api/v1/mails/{id}", NULL, 200, "#mail", NULL },

	{ "uc", "POST", "/api/v1/sessions", "#proof", 201, "#user-session",
	  NULL },
	{ "uc", "DELETE", "/api/v1/sessions", NULL, 204, NULL, NULL },
	{ "uc", "GET", "/api/v1/me", NULL, 200, "#me", NULL },
	{ "uc", "PUT", "/api/v1/me/password", "#password-change", 204, NULL,
	  NULL },
	{ "uc", "GET", "/api/v1/voicemail", NULL, 200, "list #voice-message",
	  NULL },
	{ "uc", "GET", "/api/v1/voicemail/{id}", NULL, 200, "#voice-message",
	  NULL },
	{ "uc", "GET", "/api/v1/voicemail/{id}/sound", NULL, 200, "audio/wav",
	  NULL },
	{ "uc", "PATCH", "/api/v1/voicemail/{id}", "#voice-mark", 200,
	  "#voice-message", NULL },
	{ "uc", "DELETE", "/api/v1/voicemail/{id}", NULL, 204, NULL, NULL },
	{ "uc", "GET", "/api/v1/voicemail-greetings", NULL, 200,
	  "list #greeting", NULL },
	{ "uc", "GET", "/api/v1/voicemail-greetings/{id}", NULL, 200,
	  "audio/wav", NULL },
	{ "uc", "PUT", "/api/v1/voicemail-greetings/{id}", "audio/wav", 200,
	  "#greeting", NULL },
	{ "uc", "PATCH", "/api/v1/voicemail-greetings/{id}", "#greeting-use",
	  200, "#greeting", NULL },
	{ "uc", "DELETE", "/api/v1/voicemail-greetings/{id}", NULL, 204, NULL,
	  NULL },
	{ "uc", "GET", "/api/v1/directory", NULL, 200, "list #person", "q" },
	{ "uc", "GET", "/api/v1/presence", NULL, 200, "list #presence",
	  "filter[customer]" },
	{ "uc", "GET", "/api/v1/history", NULL, 200, "list #past-call",
	  "sort filter[result] " LISTED },
	{ NULL, "GET", "/api/v1/events", NULL, 101, NULL,
	  "after epoch customer user phone" },
	{ "uc", "POST", "/d/{token}", NULL, 200, "#account", NULL },

	SOUND_SHAPES("/api/v1/customers/{id}/music"),
	SOUND_SHAPES("/api/v1/zones/{id}/music"),
	SOUND_SHAPES("/api/v1/users/{id}/music"),
	SOUND_SHAPES("/api/v1/customers/{id}/prompts/{language}/{name}"),
	SOUND_SHAPES("/api/v1/dids/{id}/announcement"),
	SOUND_SHAPES("/api/v1/groups/{id}/announcement"),
	SOUND_SHAPES("/api/v1/attendants/{id}/greetings/{name}"),
	GREETING_SHAPES("/api/v1/users/{id}/greetings"),
	GREETING_SHAPES("/api/v1/group_mailboxes/{id}/greetings"),
	{ "portal", "GET", "/api/v1/customers/{id}/prompts", NULL, 200,
	  "list #prompt", NULL },
	{ "pbx", "PUT", "/api/v1/customers/{id}/music", "audio/wav", 204, NULL,
	  NULL },
	{ "pbx", "GET", "/api/v1/customers/{id}/music", NULL, 200, "audio/wav",
	  NULL },
	{ "pbx", "DELETE", "/api/v1/customers/{id}/music", NULL, 204, NULL,
	  NULL },
	{ "pbx", "PUT", "/api/v1/zones/{id}/music", "audio/wav", 204, NULL,
	  NULL },
	{ "pbx", "GET", "/api/v1/zones/{id}/music", NULL, 200, "audio/wav",
	  NULL },
	{ "pbx", "DELETE", "/api/v1/zones/{id}/music", NULL, 204, NULL, NULL },
	{ "pbx", "PUT", "/api/v1/users/{id}/music", "audio/wav", 204, NULL,
	  NULL },
	{ "pbx", "GET", "/api/v1/users/{id}/music", NULL, 200, "audio/wav",
	  NULL },
	{ "pbx", "DELETE", "/api/v1/users/{id}/music", NULL, 204, NULL, NULL },
	{ "pbx", "GET", "/api/v1/pair", NULL, 200, "#pair", NULL },
	{ "pbx", "PUT", "/api/v1/dids/{id}/announcement", "audio/wav", 204,
	  NULL, NULL },
	{ "pbx", "GET", "/api/v1/dids/{id}/announcement", NULL, 200,
	  "audio/wav", NULL },
	{ "pbx", "DELETE", "/api/v1/dids/{id}/announcement", NULL, 204, NULL,
	  NULL },
	{ "pbx", "PUT", "/api/v1/groups/{id}/announcement", "audio/wav", 204,
	  NULL, NULL },
	{ "pbx", "GET", "/api/v1/groups/{id}/announcement", NULL, 200,
	  "audio/wav", NULL },
	{ "pbx", "DELETE", "/api/v1/groups/{id}/announcement", NULL, 204, NULL,
	  NULL },
	{ "pbx", "PUT", "/api/v1/attendants/{id}/greetings/{name}", "audio/wav",
	  204, NULL, NULL },
	{ "pbx", "GET", "/api/v1/attendants/{id}/greetings/{name}", NULL, 200,
	  "audio/wav", NULL },
	{ "pbx", "DELETE", "/api/v1/attendants/{id}/greetings/{name}", NULL,
	  204, NULL, NULL },
	{ "pbx", "GET", "/api/v1/registrations", NULL, 200,
	  "list #registration",
	  "filter[phone] filter[user] filter[customer] " LISTED },
	{ "pbx", "DELETE", "/api/v1/registrations/{id}", NULL, 204, NULL,
	  NULL },
	{ "pbx", "GET", "/api/v1/application", NULL, 200, "#own-application",
	  NULL },
	{ "pbx", "GET", "/api/v1/devices", NULL, 200, "list #device",
	  "filter[customer] filter[user] filter[number] " LISTED },
	{ "pbx", "GET", "/api/v1/devices/{id}", NULL, 200, "#device", NULL },
	{ "pbx", "GET", "/api/v1/class-options", NULL, 200, "#class-options",
	  NULL },
	{ "pbx", "GET", "/api/v1/calls", NULL, 200, "list #call",
	  "filter[customer] " LISTED },
	{ "pbx", "GET", "/api/v1/calls/{id}", NULL, 200, "#call", NULL },
	{ "pbx", "DELETE", "/api/v1/calls/{id}", NULL, 204, NULL, NULL },
	{ "pbx", "POST", "/api/v1/calls", "#new-call", 201, "#call", NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/hold", "#whose", 204, NULL, NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/retrieve", "#whose", 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/hangup", "#whose", 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/transfer", "#new-transfer", 204,
	  NULL, NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/redirect", "#new-call", 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/deflect", "#new-call", 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/single-step-transfer", "#new-call",
	  204, NULL, NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/answer", "#whose", 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/alternate", "#other-call", 204,
	  NULL, NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/reconnect", "#other-call", 204,
	  NULL, NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/join", "#new-join", 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/devices/{id}/pickup", "#where", 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/conference", "#other-call", 204,
	  NULL, NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/digits", "#keys", 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/clear-connection", "#whose", 204,
	  NULL, NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/clear", "#whose", 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/pickup", "#whose", 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/consult", "#new-call", 201,
	  "#call", NULL },
	{ "pbx", "POST", "/api/v1/message-waiting", "#message-waiting", 204,
	  NULL, NULL },
	{ "pbx", "GET", "/api/v1/call-control", NULL, 200, "#call-control",
	  NULL },
	{ "pbx", "GET", "/api/v1/parked", NULL, 200, "list #parked",
	  "customer" },
	{ "pbx", "POST", "/api/v1/calls/{id}/park", "#new-park", 201, "#parked",
	  NULL },
	{ "pbx", "POST", "/api/v1/parked/{id}/retrieve", "#whose", 204, NULL,
	  NULL },
	{ "pbx", "GET", "/api/v1/callbacks", NULL, 200, "list #callback",
	  LISTED },
	{ "pbx", "POST", "/api/v1/callbacks", "#new-callback", 201, "#callback",
	  NULL },
	{ "pbx", "DELETE", "/api/v1/callbacks/{id}", NULL, 204, NULL, NULL },
	{ "pbx", "POST", "/api/v1/calls/{id}/record", "#record-wish", 204, NULL,
	  NULL },
	{ "pbx", "GET", "/api/v1/recordings", NULL, 200, "list #recording",
	  "filter[customer] filter[user] filter[call]" },
	{ "pbx", "GET", "/api/v1/recordings/{id}", NULL, 200, "#recording",
	  "customer" },
	{ "pbx", "GET", "/api/v1/recordings/{id}/sound", NULL, 200, NULL,
	  "customer" },
	{ "pbx", "DELETE", "/api/v1/recordings/{id}", NULL, 204, NULL,
	  "customer" },
	{ "pbx", "GET", "/api/v1/conference-calls", NULL, 200,
	  "list #conference-call", "filter[customer]" },
	{ "pbx", "POST", "/api/v1/conference-calls", "#new-conference", 201,
	  "#conference-call", NULL },
	{ "pbx", "GET", "/api/v1/conference-calls/{id}", NULL, 200,
	  "#conference-call", NULL },
	{ "pbx", "DELETE", "/api/v1/conference-calls/{id}", NULL, 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/conference-calls/{id}/lock", NULL, 204, NULL,
	  NULL },
	{ "pbx", "POST", "/api/v1/conference-calls/{id}/unlock", NULL, 204,
	  NULL, NULL },
	{ "pbx", "POST", "/api/v1/conference-calls/{id}/parties", "#new-party",
	  201, "#conference-party", NULL },
	{ "pbx", "DELETE", "/api/v1/conference-calls/{id}/parties/{party}",
	  NULL, 204, NULL, NULL },
	{ "pbx", "POST", "/api/v1/conference-calls/{id}/parties/{party}/mute",
	  NULL, 204, NULL, NULL },
	{ "pbx", "POST", "/api/v1/conference-calls/{id}/parties/{party}/unmute",
	  NULL, 204, NULL, NULL },
	{ "pbx", "GET", "/api/v1/calls/{id}/trail", NULL, 200, "#trail",
	  "format" },
	{ "pbx", "GET", "/api/v1/calls/{id}/trace", NULL, 200, "#trace",
	  "format" },
	{ "pbx", "GET", "/api/v1/cdrs", NULL, 200, "list #cdr",
	  "filter[customer] filter[result] filter[user] filter[number] "
	  "filter[from] filter[to] after format " LISTED },

	{ "pbx", "GET", "/api/v1/mailboxes/{user}", NULL, 200, "#mailbox",
	  NULL },
	{ "pbx", "DELETE", "/api/v1/mailboxes/{user}/lock", NULL, 204, NULL,
	  NULL },
	{ "pbx", "GET", "/api/v1/mailboxes/{user}/greetings", NULL, 200,
	  "list #greeting", NULL },
	{ "pbx", "PUT", "/api/v1/mailboxes/{user}/greetings/{name}",
	  "audio/wav", 200, "#greeting", NULL },
	{ "pbx", "GET", "/api/v1/mailboxes/{user}/greetings/{name}", NULL, 200,
	  "audio/wav", NULL },
	{ "pbx", "PATCH", "/api/v1/mailboxes/{user}/greetings/{name}",
	  "#greeting-use", 200, "#greeting", NULL },
	{ "pbx", "DELETE", "/api/v1/mailboxes/{user}/greetings/{name}", NULL,
	  204, NULL, NULL },
	{ "pbx", "GET", "/api/v1/customers/{id}/prompts", NULL, 200,
	  "list #prompt", NULL },
	{ "pbx", "PUT", "/api/v1/customers/{id}/prompts/{language}/{name}",
	  "audio/wav", 204, NULL, NULL },
	{ "pbx", "GET", "/api/v1/customers/{id}/prompts/{language}/{name}",
	  NULL, 200, "audio/wav", NULL },
	{ "pbx", "DELETE", "/api/v1/customers/{id}/prompts/{language}/{name}",
	  NULL, 204, NULL, NULL },
	{ "pbx", "GET", "/api/v1/mailboxes/{user}/messages", NULL, 200,
	  "list #voice-message", "as" },
	{ "pbx", "GET", "/api/v1/mailboxes/{user}/messages/{id}", NULL, 200,
	  "#voice-message", NULL },
	{ "pbx", "GET", "/api/v1/mailboxes/{user}/messages/{id}/sound", NULL,
	  200, NULL, NULL },
	{ "pbx", "PATCH", "/api/v1/mailboxes/{user}/messages/{id}",
	  "#voice-mark", 200, "#voice-message", NULL },
	{ "pbx", "DELETE", "/api/v1/mailboxes/{user}/messages/{id}", NULL, 204,
	  NULL, NULL },

	{ "pbx", "GET", "/api/v1/users/{id}/pin", NULL, 200, "#pin", NULL },
	{ "pbx", "PUT", "/api/v1/users/{id}/pin", "#new-pin", 204, NULL, NULL },
	{ "pbx", "DELETE", "/api/v1/users/{id}/pin/lock", NULL, 204, NULL,
	  NULL },
	{ "pbx", "GET", "/api/v1/hot-desks", NULL, 200, "list #hot-desk",
	  NULL },
	{ "pbx", "GET", "/api/v1/phones/{id}/keys", NULL, 200, "#phone-keys",
	  NULL },
	{ "pbx", "GET", "/api/v1/phones/{id}/hot-desk", NULL, 200, "#hot-desk",
	  NULL },
	{ "pbx", "PUT", "/api/v1/phones/{id}/hot-desk", "#new-hot-desk", 200,
	  "#hot-desk", NULL },
	{ "pbx", "DELETE", "/api/v1/phones/{id}/hot-desk", NULL, 204, NULL,
	  NULL },
	{ "pbx", "GET", "/api/v1/users/{id}/hot-desk", NULL, 200, "#hot-desk",
	  NULL },
	{ "pbx", "PUT", "/api/v1/users/{id}/hot-desk", NULL, 200, "#hot-desk",
	  NULL },
	{ "pbx", "DELETE", "/api/v1/users/{id}/hot-desk", NULL, 204, NULL,
	  NULL },

	{ "border", "GET", "/api/v1/flows", NULL, 200, "list #flow", NULL },
};

const struct shape_route *shape_route_find(const char *server,
					   const char *method, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct shape_route *r = &rows[i];

		if ((!r->server || !strcmp(r->server, server)) &&
		    !strcmp(r->method, method) && !strcmp(r->path, path))
			return r;
	}

	return NULL;
}

static const struct shape *shape_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	}

	return NULL;
}

static json_t *object_schema(json_t *schemas, const struct shape *shape)
{
	json_t *properties = json_object(), *required = json_array();

	for (const char *p = shape->text; *p; p += strspn(p, " ")) {
		size_t name = strcspn(p, ":");
		size_t len = strcspn(p, " ");
		bool is_optional = p[len - 1] == '~';
		char type[64];

		(void)snprintf(type, sizeof(type), "%.*s",
			       (int)(len - name - 1 - is_optional),
			       p + name + 1);
		(void)json_object_setn_new(properties, p, name,
					   shape_schema(schemas, type));
		if (!is_optional)
			(void)json_array_append_new(required,
						    json_stringn(p, name));
		p += len;
	}

	return json_pack("{s:s,s:s,s:o,s:o}", "type", "object", "description",
			 shape->help, "properties", properties, "required",
			 required);
}

static json_t *ref_schema(json_t *schemas, const char *name)
{
	const struct shape *shape = shape_find(name);

	if (shape && !json_object_get(schemas, name)) {
		(void)json_object_set_new(schemas, name, json_object());
		(void)json_object_set_new(schemas, name,
					  object_schema(schemas, shape));
	}

	return json_pack("{s:s+}", "$ref", "#/components/schemas/", name);
}

static json_t *page_schema(json_t *schemas, const char *item)
{
	return json_pack(
		"{s:s,s:{s:{s:s,s:o},s:{s:[s,s]},s:{s:s,s:i}},s:[s,s,s]}",
		"type", "object", "properties", "items", "type", "array",
		"items", shape_schema(schemas, item), "next", "type", "string",
		"null", "total", "type", "integer", "minimum", 0, "required",
		"items", "next", "total");
}

json_t *shape_schema(json_t *schemas, const char *type)
{
	char plain[64];
	size_t len = strlen(type);

	if (!strncmp(type, "list ", 5))
		return page_schema(schemas, type + 5);
	if (!strncmp(type, "[]", 2))
		return json_pack("{s:s,s:o}", "type", "array", "items",
				 shape_schema(schemas, type + 2));
	if (!strcmp(type, "any"))
		return json_object();
	if (type[len - 1] != '?')
		return *type == '#' ? ref_schema(schemas, type + 1)
				    : json_pack("{s:s}", "type", type);

	(void)snprintf(plain, sizeof(plain), "%.*s", (int)len - 1, type);
	if (*plain == '#')
		return json_pack("{s:[o,{s:s}]}", "anyOf",
				 ref_schema(schemas, plain + 1), "type",
				 "null");

	return json_pack("{s:[s,s]}", "type", plain, "null");
}
