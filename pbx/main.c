/* main.c - `holdfast pbx`: the call controller
 *
 * Order of start: what is provisioned, what is registered, what calls go on;
 * only then the sockets.  Order of end: the reverse, after a last commit.
 */
#include <stdio.h>

#include "base/conf.h"
#include "base/http.h"
#include "base/lease.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/service.h"
#include "base/tls.h"
#include "model/provision.h"
#include "pbx/route/account.h"
#include "pbx/feature/reminder.h"
#include "pbx/speech/answer.h"
#include "pbx/route/attendant.h"
#include "pbx/speech/preface.h"
#include "pbx/api.h"
#include "pbx/auth.h"
#include "pbx/call/call.h"
#include "pbx/feature/callback.h"
#include "pbx/feature/callback_api.h"
#include "pbx/conference/conference.h"
#include "pbx/conference/conference_api.h"
#include "pbx/conference/conference_room.h"
#include "pbx/control/application.h"
#include "pbx/control/application_gate.h"
#include "pbx/control/command.h"
#include "pbx/control/control.h"
#include "pbx/control/device.h"
#include "pbx/route/cor.h"
#include "pbx/trunk/cpn.h"
#include "pbx/feature/dial.h"
#include "pbx/trunk/did.h"
#include "pbx/trunk/emergency.h"
#include "pbx/trunk/emergency_notice.h"
#include "pbx/watch/event.h"
#include "pbx/route/group.h"
#include "pbx/desk/hotdesk.h"
#include "pbx/desk/hotdesk_api.h"
#include "pbx/feature/keys.h"
#include "pbx/instance.h"
#include "pbx/kinds.h"
#include "pbx/mail/greeting_api.h"
#include "pbx/mail/mail_api.h"
#include "pbx/mail/mailbox_settings.h"
#include "pbx/main.h"
#include "pbx/speech/media.h"
#include "pbx/mail/message_mail.h"
#include "pbx/route/mode.h"
#include "pbx/speech/music.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/pair/far.h"
#include "pbx/pair/pair.h"
#include "pbx/pair/pair_file.h"
#include "pbx/pair/pair_log.h"
#include "pbx/pair/pair_mail.h"
#include "pbx/pair/pair_sound.h"
#include "pbx/desk/pin.h"
#include "pbx/feature/park_api.h"
#include "pbx/speech/prompt.h"
#include "pbx/conference/record.h"
#include "pbx/conference/record_api.h"
#include "pbx/reach.h"
#include "pbx/registrar.h"
#include "pbx/speech/relay.h"
#include "pbx/call/restore.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/route/settings_user.h"
#include "pbx/speech/sound_file.h"
#include "pbx/store.h"
#include "pbx/trunk/trunk.h"
#include "pbx/watch/publication.h"
#include "pbx/watch/subscription.h"
#include "pbx/watch/trace.h"
#include "pbx/turn.h"
#include "pbx/desk/twin_keys.h"
#include "pbx/speech/interject.h"
#include "pbx/mail/voicemail.h"

enum {
	PORT_REST = 82,
	PORT_REST_SECONDARY = 162,
};

struct settings pbx_settings;

struct pbx {
	struct store *store;
	struct router *router;
	struct provision *provision;
};

static const struct setting settings[] = {
	{ "no-answer", SETTING_NUMBER, "60", 1, 600, NULL,
	  "seconds a call rings before it is given up" },
	{ "calls-per-line", SETTING_NUMBER, "4", 1, 100, NULL,
	  "calls a phone line takes at once; more are busy" },
	{ "registration-min", SETTING_NUMBER, "60", 1, 3600, NULL,
	  "shortest registration in seconds" },
	{ "registration-max", SETTING_NUMBER, "3600", 60, 86400, NULL,
	  "longest registration in seconds" },
	{ "session-timer", SETTING_NUMBER, "1800", 0, 86400, NULL,
	  "seconds between refreshes of a call; 0 = only where a phone asks" },
	{ "media", SETTING_CHOICE, "auto", 0, 0, "auto direct relay",
	  "the way of speech: direct between the phones, relayed here, or "
	  "relayed where a border or address translator is in between, or one "
	  "party is in local-nets and the other not" },
	{ "local-nets", SETTING_TEXT,
	  "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 "
	  "169.254.0.0/16 ::1 fc00::/7 fe80::/10",
	  0, 1000, NULL, "networks beside this machine" },
	{ "external-address", SETTING_TEXT, NULL, 0, 64, NULL,
	  "address by which everything outside local-nets reaches us, when a "
	  "translator stands between" },
	{ "speech-lost", SETTING_NUMBER, "120", 0, 86400, NULL,
	  "seconds without speech of either phone that end a relayed call; "
	  "0 = never" },
	{ "record-announce", SETTING_CHOICE, "spoken", 0, 0, "spoken beep none",
	  "how both parties hear that their call is recorded" },
	{ "recording-days", SETTING_NUMBER, "0", 0, 36500, NULL,
	  "days after which recordings of calls are deleted; 0 = never" },
	{ "refuse-odd-media", SETTING_FLAG, "yes", 0, 0, NULL,
	  "refuse calls that ask for speech to be sent to multicast, broadcast "
	  "or loopback addresses" },
	{ "trace-memory", SETTING_NUMBER, "16", 0, 1024, NULL,
	  "megabytes of messages kept to look at; 0 = none" },
	{ "hep", SETTING_TEXT, "", 0, 0, NULL,
	  "address:port of a collector that gets every message (HEP3)" },
	{ "mail-server", SETTING_TEXT, NULL, 0, 200, NULL,
	  "smtp://HOST:PORT for mails of voice messages; without it they go to "
	  "DIR/mail" },
	{ "mail-user", SETTING_TEXT, NULL, 0, 200, NULL,
	  "user to sign in to the mail server as" },
	{ "mail-password", SETTING_TEXT, NULL, 0, 200, NULL,
	  "password of that user" },
	{ "mail-must-encrypt", SETTING_FLAG, "no", 0, 0, NULL,
	  "refuse to send mail without TLS" },
	{ "mail-from", SETTING_TEXT, "holdfast@localhost.localdomain", 3, 200,
	  NULL, "address that mails come from" },
	{ "prompts", SETTING_TEXT, NULL, 0, 400, NULL,
	  "folder of the voice mail's prompts, with en/ and fr/; unset = those "
	  "of the installation" },
	{ "pin-min", SETTING_NUMBER, "4", 1, 8, NULL,
	  "fewest digits of a PIN that a user chooses" },
	{ "pin-failures", SETTING_NUMBER, "3", 3, 255, NULL,
	  "wrong PINs within five minutes that lock a user's PIN" },
	{ "pin-lock", SETTING_NUMBER, "900", 1, 86400, NULL,
	  "seconds for which a PIN stays locked" },
	{ "secondary", SETTING_TEXT, NULL, 8, 200, NULL,
	  "REST address of the secondary: makes this the primary of a pair" },
	{ "secondary-of", SETTING_TEXT, NULL, 8, 200, NULL,
	  "REST address of the primary: makes this its secondary, with folder "
	  "DIR/pbx2, SIP at N+160 and N+161, REST at N+162" },
	{ "witness", SETTING_TEXT, NULL, 8, 200, NULL,
	  "REST address of the pair's witness; without it a node whose other "
	  "one is away registers no trunk" },
	{ "lease-ms", SETTING_NUMBER, "6000", LEASE_TTL_MIN_MS,
	  LEASE_TTL_MAX_MS, NULL,
	  "milliseconds of a lease, equal on primary, secondary and witness" },
	{ "name-servers", SETTING_TEXT, "", 0, 200, NULL,
	  "name servers for the hosts of trunks, ADDRESS or ADDRESS:PORT, up "
	  "to four; unset = those of the system" },
	{ "challenges", SETTING_NUMBER, "2000", 1, 100000, NULL,
	  "requests without credentials a second from one address" },
};

static void read_settings(const struct conf *conf)
{
	pbx_settings = (struct settings){
		.realm = conf_text(conf, "realm"),
		.no_answer_s = (uint32_t)conf_number(conf, "no-answer"),
		.calls_per_line = (uint32_t)conf_number(conf, "calls-per-line"),
		.registration_min_s = (uint32_t)conf_number(conf,
							    "registration-min"),
		.registration_max_s = (uint32_t)conf_number(conf,
							    "registration-max"),
		.session_s = (uint32_t)conf_number(conf, "session-timer"),
		.challenges_per_s = (uint32_t)conf_number(conf, "challenges"),
		.refuses_odd_media = conf_flag(conf, "refuse-odd-media"),
		.media = (uint8_t)relay_policy_of(conf_text(conf, "media")),
		.recording_days = (uint32_t)conf_number(conf, "recording-days"),
		.record_announce = (uint8_t)record_announce_of(
			conf_text(conf, "record-announce")),
		.speech_lost_s = (uint32_t)conf_number(conf, "speech-lost"),
		.pin_min = (uint32_t)conf_number(conf, "pin-min"),
		.pin_failures = (uint32_t)conf_number(conf, "pin-failures"),
		.pin_lock_s = (uint32_t)conf_number(conf, "pin-lock"),
		.name_servers = conf_text(conf, "name-servers"),
		.dir = conf_text(conf, "dir"),
		.folder = conf_program(conf),
		.media_name = conf_text(conf, "secondary-of") ? "media2"
							      : "media",
	};
}

/* ---- metrics ---- */

static int64_t read_registrations(void *arg)
{
	(void)arg;
	return registrar_count();
}

static int64_t read_calls(void *arg)
{
	(void)arg;
	return call_count();
}

static int64_t read_phones(void *arg)
{
	(void)arg;
	return directory_counts().phones;
}

static int64_t read_media_ports(void *arg)
{
	(void)arg;
	return media_count();
}

static int64_t read_conferences(void *arg)
{
	(void)arg;
	return list_count(conference_list());
}

static int64_t read_recordings(void *arg)
{
	(void)arg;
	return list_count(recording_list());
}

static int64_t read_subscriptions(void *arg)
{
	(void)arg;
	return subscription_count();
}

static int64_t read_voice_mails(void *arg)
{
	(void)arg;
	return (int64_t)message_mail_count();
}

static int64_t read_traced(void *arg)
{
	(void)arg;
	return (int64_t)trace_octets();
}

static int64_t read_readers(void *arg)
{
	(void)arg;
	return event_readers();
}

static int64_t read_applications(void *arg)
{
	(void)arg;
	return event_applications();
}

static int64_t read_asked(void *arg)
{
	(void)arg;
	return (int64_t)application_counts()->requests;
}

static int64_t read_not_let(void *arg)
{
	(void)arg;
	return (int64_t)application_counts()->refused;
}

static int64_t read_too_often(void *arg)
{
	(void)arg;
	return (int64_t)application_counts()->limited;
}

static int64_t read_failures(void *arg)
{
	(void)arg;
	return (int64_t)keep_failures();
}

static int64_t read_challenged(void *arg)
{
	(void)arg;
	return (int64_t)auth_counts()->challenged;
}

static int64_t read_media_up(void *arg)
{
	(void)arg;
	return media_is_up();
}

static int64_t read_failed(void *arg)
{
	(void)arg;
	return (int64_t)auth_counts()->failed;
}

static int64_t read_limited(void *arg)
{
	(void)arg;
	return (int64_t)auth_counts()->limited;
}

static struct metric metrics[] = {
	{ .name = "holdfast_registrations",
	  .kind = METRIC_GAUGE,
	  .help = "Bindings of phones",
	  .read = read_registrations },
	{ .name = "holdfast_calls",
	  .kind = METRIC_GAUGE,
	  .help = "Calls that go on",
	  .read = read_calls },
	{ .name = "holdfast_phones",
	  .kind = METRIC_GAUGE,
	  .help = "Phone lines provisioned",
	  .read = read_phones },
	{ .name = "holdfast_media_up",
	  .kind = METRIC_GAUGE,
	  .help = "Whether the media server answers",
	  .read = read_media_up },
	{ .name = "holdfast_media_ports",
	  .kind = METRIC_GAUGE,
	  .help = "Ports of the media server that calls use",
	  .read = read_media_ports },
	{ .name = "holdfast_conferences",
	  .kind = METRIC_GAUGE,
	  .help = "Conferences and pages that go on",
	  .read = read_conferences },
	{ .name = "holdfast_recordings",
	  .kind = METRIC_GAUGE,
	  .help = "Recordings of calls that are kept or go on",
	  .read = read_recordings },
	{ .name = "holdfast_subscriptions",
	  .kind = METRIC_GAUGE,
	  .help = "Phones that watch a number",
	  .read = read_subscriptions },
	{ .name = "holdfast_voice_mails_total",
	  .kind = METRIC_COUNTER,
	  .help = "Mails made of voice messages",
	  .read = read_voice_mails },
	{ .name = "holdfast_traced_octets_total",
	  .kind = METRIC_COUNTER,
	  .help = "Octets of messages put into the trace",
	  .read = read_traced },
	{ .name = "holdfast_event_readers",
	  .kind = METRIC_GAUGE,
	  .help = "Servers that read the event stream",
	  .read = read_readers },
	{ .name = "holdfast_application_streams",
	  .kind = METRIC_GAUGE,
	  .help = "Applications that read the event stream",
	  .read = read_applications },
	{ .name = "holdfast_application_requests_total",
	  .kind = METRIC_COUNTER,
	  .help = "Requests of applications",
	  .read = read_asked },
	{ .name = "holdfast_application_refused_total",
	  .kind = METRIC_COUNTER,
	  .help = "Requests of applications without the right",
	  .read = read_not_let },
	{ .name = "holdfast_application_limited_total",
	  .kind = METRIC_COUNTER,
	  .help = "Requests of applications that ask too often",
	  .read = read_too_often },
	{ .name = "holdfast_store_failures_total",
	  .kind = METRIC_COUNTER,
	  .help = "Rows of live state that could not be written",
	  .read = read_failures },
	{ .name = "holdfast_sip_challenges_total",
	  .kind = METRIC_COUNTER,
	  .help = "Requests challenged",
	  .read = read_challenged },
	{ .name = "holdfast_sip_auth_failures_total",
	  .kind = METRIC_COUNTER,
	  .help = "Requests with wrong credentials",
	  .read = read_failed },
	{ .name = "holdfast_sip_limited_total",
	  .kind = METRIC_COUNTER,
	  .help = "Requests not answered because their source asks too much",
	  .read = read_limited },
};

enum { METRIC_COUNT = sizeof(metrics) / sizeof(metrics[0]) };

/* ---- sockets ---- */

static int listen_at(const struct sa *sa, struct tls *tls)
{
	int err;

	if (tls)
		return sip_listen(server_sip(), SIP_TLS, sa, tls);

	err = sip_listen(server_sip(), SIP_UDP, sa, NULL);
	if (!err)
		err = sip_listen(server_sip(), SIP_TCP, sa, NULL);

	return err;
}

static int listen_all(const struct conf *conf)
{
	const char *dir = conf_text(conf, "dir");
	struct tls *tls = NULL;
	struct sa sa;
	int err;

	err = tls_make_files(dir, conf_program(conf),
			     conf_text(conf, "listen"));
	if (!err)
		err = tls_server_ctx(&tls, dir, conf_program(conf), false);
	if (err)
		return err;

	err = conf_address(&sa, conf, pair_sip_offset());
	if (!err)
		err = listen_at(&sa, NULL);
	if (!err)
		err = conf_address(&sa, conf,
				   (uint16_t)(pair_sip_offset() + 1));
	if (!err)
		err = listen_at(&sa, tls);

	if (!err && !conf_is_given(conf, "port-base") &&
	    pair_role() != PAIR_SECONDARY) {
		sa_set_port(&sa, 5060);
		if (listen_at(&sa, NULL))
			log_warn("main", "port 5060 is taken; we serve ours");
		sa_set_port(&sa, 5061);
		if (listen_at(&sa, tls))
			log_warn("main", "port 5061 is taken; we serve ours");
	}
	mem_deref(tls);

	return err;
}

/* ---- life ---- */

static void gone(struct phone *phone, void *arg)
{
	(void)arg;
	registrar_drop(phone);
	subscription_drop(phone);
	publication_drop(phone);
}

static int open_live(const struct conf *conf, const uint8_t key[32])
{
	char file[512], host[80];
	struct sa sa;
	int err;

	err = conf_path(conf, "live.db", file, sizeof(file));
	if (!err)
		err = keep_open(file);
	if (!err)
		err = conf_address(&sa, conf, pair_sip_offset());
	if (err)
		return err;

	(void)re_snprintf(host, sizeof(host),
			  sa_af(&sa) == AF_INET6 ? "[%j]" : "%j", &sa);
	if (sa_is_any(&sa))
		(void)re_snprintf(host, sizeof(host), "%s", pbx_settings.realm);

	err = auth_init(pbx_settings.realm, pbx_settings.challenges_per_s);
	if (!err)
		err = directory_init(gone, NULL);
	if (!err)
		err = cor_init();
	if (!err)
		err = schedule_init();
	if (!err)
		err = attendant_init();
	if (!err)
		err = cos_init();
	if (!err)
		err = account_init();
	if (!err)
		err = application_init();
	if (!err)
		err = group_init();
	if (!err)
		err = mailbox_init(conf_text(conf, "dir"));
	if (!err)
		err = prompt_init(conf_text(conf, "dir"),
				  conf_text(conf, "prompts"));
	if (!err)
		err = registrar_init();
	if (!err)
		err = event_init();
	if (!err)
		err = subscription_init();
	if (!err)
		err = publication_init();
	if (!err)
		err = far_init();
	if (!err)
		err = call_init();
	if (!err)
		err = conference_init();
	if (!err)
		err = rooms_init();
	if (!err)
		err = outside_rules_init();
	if (!err)
		err = did_init();
	if (!err)
		err = cpn_init();
	trunk_init();
	emergency_init();
	if (!err)
		err = emergency_notice_init();
	if (!err)
		err = server_init(key, host);
	instance_init(key, host);

	return err;
}

static int open_rest(struct pbx *pbx, struct service *service)
{
	char url[600], file[512];
	int err;

	err = conf_path(service->conf, "pbx.db", file, sizeof(file));
	if (err)
		return err;

	(void)snprintf(url, sizeof(url), "sqlite:%s", file);
	err = store_open(&pbx->store, url, STORE_FULL_SYNC);
	if (!err)
		err = router_alloc(&pbx->router, "pbx", service->http);
	if (err)
		return err;

	router_token(pbx->router, service->token);
	err = api_start(pbx->router);
	if (!err)
		err = control_start(pbx->router);
	if (!err)
		err = park_api_start(pbx->router);
	if (!err)
		err = callback_api_start(pbx->router);
	if (!err)
		err = conference_api_start(pbx->router);
	if (!err)
		err = record_api_start(pbx->router);
	if (!err)
		err = music_start(pbx->router, pbx_settings.dir);
	if (!err)
		err = sound_files_start(pbx_settings.dir);
	if (!err)
		err = attendant_start(pbx->router, pbx_settings.dir);
	if (!err)
		err = preface_start(pbx->router, pbx_settings.dir);
	if (!err)
		err = mail_api_start(pbx->router);
	if (!err)
		err = greeting_api_start(pbx->router);
	if (!err)
		err = provision_alloc(&pbx->provision, pbx->router, pbx->store,
				      service->keys);
	if (!err)
		err = pair_log_open(pbx->store, pair_role() != PAIR_ALONE,
				    pair_role() == PAIR_SECONDARY);
	if (!err)
		err = kinds_start(pbx->provision);
	if (!err)
		err = mode_start(pbx->store, pbx->router);
	if (!err)
		err = settings_user_start(pbx->store, pbx->router);
	if (!err)
		err = hotdesk_start(pbx->store);
	if (!err)
		err = hotdesk_api_start(pbx->router);
	if (!err)
		err = keys_start(pbx->router, pbx->provision);
	if (!err)
		err = mailbox_settings_start(pbx->store, service->keys,
					     pbx->router);
	if (!err)
		err = pin_start(pbx->store, service->keys, pbx->router,
				provision_table(pbx->provision, "users"));
	if (!err)
		err = cos_start(pbx->router);
	if (!err)
		err = application_start(pbx->store);
	if (!err)
		err = application_gate_start(pbx->router);
	if (!err)
		err = devices_start(pbx->router);

	return err;
}

static void pbx_destructor(void *data)
{
	struct pbx *pbx = data;

	turn_end();
	pair_close();
	pair_files_close();
	pair_mail_close();
	pair_sound_close();
	media_close();
	music_close();
	mode_close();
	pin_close();
	hotdesk_close();
	twin_keys_close();
	interject_close();
	mem_deref(pbx->provision);
	mem_deref(pbx->router);
	mem_deref(pbx->store);
	event_close();
	subscription_close();
	publication_close();
	far_close();
	callback_close();
	command_close();
	call_close();
	record_close();
	conference_close();
	rooms_close();
	emergency_close();
	emergency_notice_close();
	trunk_close();
	did_close();
	cpn_close();
	outside_rules_close();
	answer_close();
	sound_files_close();
	voicemail_close();
	registrar_close();
	trace_close();
	server_close();
	group_close();
	attendant_close();
	schedule_close();
	cor_close();
	cos_close();
	account_close();
	application_close();
	reminder_close();
	directory_close();
	auth_close();
	keep_close();
}

/* Names of flows hold across restarts: their key comes from the token. */
static void derive_key(uint8_t key[32], const char *token)
{
	char text[TOKEN_SIZE + 8], hash[TOKEN_HASH_SIZE];

	(void)snprintf(text, sizeof(text), "flows %s", token);
	token_hash(hash, text);
	(void)str_hex(key, 32, hash);
	secret_wipe(text, sizeof(text));
}

static int start_voicemail(const struct conf *conf)
{
	char maildir[512];
	const struct mail_conf mail = {
		.server = conf_text(conf, "mail-server"),
		.user = conf_text(conf, "mail-user"),
		.password = conf_text(conf, "mail-password"),
		.must_encrypt = conf_flag(conf, "mail-must-encrypt"),
		.maildir = maildir,
		.from = conf_text(conf, "mail-from"),
	};

	(void)snprintf(maildir, sizeof(maildir), "%s/mail", pbx_settings.dir);

	return voicemail_start(pbx_settings.dir, &mail);
}

static int start(struct service *service, void **statep)
{
	struct pbx *pbx = mem_zalloc(sizeof(*pbx), pbx_destructor);
	uint8_t key[32];
	int err;

	if (!pbx)
		return ENOMEM;

	read_settings(service->conf);
	err = reach_init(conf_text(service->conf, "external-address"),
			 conf_text(service->conf, "local-nets"));
	if (!err)
		err = pair_init(service);
	if (err) {
		mem_deref(pbx);
		return err;
	}
	derive_key(key, service->token);
	err = open_live(service->conf, key);
	if (!err)
		err = trace_start(
			server_sip(),
			(uint32_t)conf_number(service->conf, "trace-memory"),
			conf_text(service->conf, "hep"));
	if (!err)
		err = open_rest(pbx, service);
	if (!err)
		err = listen_all(service->conf);
	if (!err)
		err = registrar_restore();
	if (!err)
		err = conf_address(&pbx_settings.media_address, service->conf,
				   0);
	if (!err)
		err = media_init(pbx_settings.dir, relay_event);
	if (!err)
		err = start_voicemail(service->conf);
	if (!err)
		err = answer_start(pbx_settings.dir);
	if (!err)
		err = dial_restore();
	if (!err)
		err = callback_restore();
	if (!err)
		err = emergency_notice_restore();
	if (!err)
		err = record_start(pbx_settings.dir);
	if (!err)
		err = restore_all();
	if (!err)
		record_restored();
	if (!err)
		err = subscription_restore();
	if (!err)
		media_restored();
	if (!err)
		err = pair_files_start();
	if (!err)
		err = pair_mail_start(pbx->router);
	if (!err)
		err = pair_sound_start(pbx->router, pbx->store);
	if (!err)
		err = pair_start(pbx->router, pbx->store);
	if (err) {
		mem_deref(pbx);
		return err;
	}

	keep_loaded();
	emergency_restore();
	turn_end();
	metrics_add(metrics, METRIC_COUNT);
	*statep = pbx;

	return 0;
}

/* Known before the settings are read: it decides whose they are. */
static bool is_secondary(int argc, char *argv[])
{
	static const char option[] = "--secondary-of";
	const size_t len = sizeof(option) - 1;

	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], option, len) &&
		    (!argv[i][len] || argv[i][len] == '='))
			return true;
	}

	return false;
}

int pbx_main(int argc, char *argv[])
{
	const bool is_second = is_secondary(argc, argv);
	const struct service_program program = {
		.name = is_second ? "pbx2" : "pbx",
		.rest_port = is_second ? PORT_REST_SECONDARY : PORT_REST,
		.settings = settings,
		.settings_count = sizeof(settings) / sizeof(settings[0]),
		.start = start,
	};

	return service_main(&program, argc, argv);
}
