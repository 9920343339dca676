/* settings.h - what the operator may choose, read once at start (main.c) */
#ifndef PBX_SETTINGS_H
#define PBX_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/libre.h"

struct settings {
	const char *realm;
	uint32_t no_answer_s;        /* ringing before a call is given up */
	uint32_t calls_per_line;     /* call waiting: more are busy */
	uint32_t registration_min_s; /* shorter is refused (423) */
	uint32_t registration_max_s; /* longer is cut */
	uint32_t session_s;          /* session timer offered (RFC 4028) */
	uint32_t challenges_per_s;   /* of one source, without credentials */
	uint8_t media;               /* enum relay_policy */
	uint32_t speech_lost_s;      /* neither phone sends: ended; 0 never */
	struct sa media_address;     /* where the media server listens */
	uint32_t pin_min;            /* digits of a PIN that a user sets */
	uint32_t pin_failures;       /* within five minutes that lock it */
	uint32_t pin_lock_s;         /* for so long */
	uint32_t recording_days;     /* recordings go after; 0 never */
	uint8_t record_announce;     /* enum announce of record.c */
	const char *name_servers;    /* "address:port ..."; "": the system's */
	const char *dir;             /* state folder */
	const char *media_name;      /* of our media server: its socket */
	const char *folder;          /* ours in it: "pbx", "pbx2" */
	bool refuses_odd_media;      /* loopback and multicast in SDP */
};

extern struct settings pbx_settings;

/* What the pbx understands, as it says in Allow and Supported. */
#define PBX_ALLOW                                                              \
	"INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO, "   \
	"REFER, SUBSCRIBE, PUBLISH"
#define PBX_SUPPORTED                                                          \
	"100rel, timer, path, outbound, replaces, norefersub, join, tdialog, gruu"

#endif
