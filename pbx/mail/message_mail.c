/* message_mail.c - see message_mail.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/outbox.h"
#include "base/text.h"
#include "base/worker.h"
#include "base/zone.h"
#include "pbx/mail/mailbox_settings.h"
#include "pbx/mail/message_mail.h"

enum {
	THREADS = 1,
	WORKS_MAX = 256,
	SOUND_MAX_BYTES = 10 * 1024 * 1024, /* more is told of without */
	KEY_BYTES = 48,
	LINE_BYTES = 300,
};

#define KEY "voice-"

static struct {
	struct worker_pool *pool;
	struct outbox *outbox;
	char from[256];
	uint64_t count;
} mails;

static const struct text texts[] = {
	{ "voice.subject", "Voice message from {who}",
	  "Message vocal de {who}" },
	{ "voice.unknown", "an unknown number", "un numéro inconnu" },
	{ "voice.text",
	  "{box} has a new voice message.\n\n"
	  "From: {who}\nReceived: {at}\nLength: {length} s\n{urgent}\n"
	  "{sound}",
	  "{box} a un nouveau message vocal.\n\n"
	  "De : {who}\nReçu : {at}\nDurée : {length} s\n{urgent}\n"
	  "{sound}" },
	{ "voice.urgent", "It is urgent.\n", "Il est urgent.\n" },
	{ "voice.sound", "Its sound is attached to this mail.\n",
	  "Le son est joint à ce courriel.\n" },
	{ "voice.dial", "To hear it, dial your voice mail.\n",
	  "Pour l’écouter, appelez votre messagerie.\n" },
	{ "voice.file", "message.wav", "message.wav" },
};

bool message_mail_is_wanted(const struct mailbox *b)
{
	const char *mail = mailbox_setting(b, "mail");

	return *mail && strcmp(mail, "no") != 0 &&
	       *mailbox_setting(b, "mail_to") && mailbox_class_of(b)->has_mail;
}

/* ---- making one ---- */

struct making {
	char id[DIRECTORY_ID_SIZE];
	char key[KEY_BYTES];
	char path[MAILBOX_PATH];
	char to[256];
	char subject[LINE_BYTES];
	char text[4 * LINE_BYTES];
	const char *language;
	bool with_sound;
	struct mbuf *message;
	int err;
};

static void making_destructor(void *data)
{
	struct making *k = data;

	mem_deref(k->message);
}

static struct mbuf *read_file(const char *path, int *errp)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct mbuf *mb = NULL;
	struct stat st;

	if (fd < 0) {
		*errp = errno;
		return NULL;
	}
	if (fstat(fd, &st))
		*errp = errno;
	else
		mb = mbuf_alloc((size_t)st.st_size + 1);
	while (mb && mb->end < (size_t)st.st_size) {
		ssize_t n = read(fd, mb->buf + mb->end,
				 (size_t)st.st_size - mb->end);

		if (n <= 0) {
			*errp = n ? errno : EIO;
			mb = mem_deref(mb);
			break;
		}
		mb->end += (size_t)n;
	}
	(void)close(fd);

	return mb;
}

/* In a thread. */
static void make(void *arg)
{
	struct making *k = arg;
	struct mbuf *sound = k->with_sound ? read_file(k->path, &k->err) : NULL;
	struct mail m = {
		.from = mails.from,
		.to = k->to,
		.subject = k->subject,
		.text = k->text,
		.language = k->language,
		.key = k->key,
	};

	if (k->with_sound && !sound)
		return;
	if (sound) {
		m.attached = sound->buf;
		m.attached_size = sound->end;
		m.attached_name = text_get(k->language, "voice.file");
		m.attached_type = "audio/wav";
	}
	k->err = mail_build(&k->message, &m);
	mem_deref(sound);
}

static void put(const struct store_result *result, void *arg)
{
	struct making *k = arg;

	if (result->err)
		log_error("mail", "message %s: %s", k->id,
			  strerror(result->err));
	fault_point("pbx.mail.put");
	mails.count++;
	outbox_kick(mails.outbox);
	mem_deref(k);
}

static void made(void *arg)
{
	struct making *k = arg;
	struct message *m = message_find(k->id);
	struct store_write *w = NULL;
	int err = k->err;

	if (!m) { /* deleted meanwhile */
		mem_deref(k);
		return;
	}
	if (!err)
		err = store_write_alloc(&w, message_store());
	if (!err)
		err = outbox_put_built(w, k->key, k->to, k->message);
	if (!err) {
		message_set_mail(m, MESSAGE_MAIL_PUT, w);
		err = store_write_send(w, put, k);
	}
	else {
		mem_deref(w);
	}
	if (err) {
		log_error("mail", "no mail for message %s: %s", k->id,
			  strerror(err));
		message_set_mail(m, MESSAGE_MAIL_NO, NULL);
		mem_deref(k);
	}
}

static void write_texts(struct making *k, const struct message *m)
{
	const struct mailbox *b = m->mailbox;
	struct zone_time t;
	char who[160], at[64], length[24];

	mailbox_local_time(b, m->at_ms, &t);
	if (m->number[0])
		(void)snprintf(who, sizeof(who), "%s (%s)",
			       m->name[0] ? m->name : m->number, m->number);
	else
		(void)snprintf(who, sizeof(who), "%s",
			       text_get(k->language, "voice.unknown"));
	(void)snprintf(at, sizeof(at), "%04d-%02u-%02u %02u:%02u", t.year,
		       t.month, t.day, t.hour, t.minute);
	(void)snprintf(length, sizeof(length), "%llu",
		       (unsigned long long)(m->length_ms + 500) / 1000);
	text_put(k->subject, sizeof(k->subject), k->language, "voice.subject",
		 TEXT_ARGS({ "who", who }));
	text_put(
		k->text, sizeof(k->text), k->language, "voice.text",
		TEXT_ARGS({ "box", b->name[0] ? b->name : b->number },
			  { "who", who }, { "at", at }, { "length", length },
			  { "urgent",
			    m->is_urgent ? text_get(k->language, "voice.urgent")
					 : "" },
			  { "sound", text_get(k->language,
					      k->with_sound ? "voice.sound"
							    : "voice.dial") }));
}

/* One that is owed. */
static int begin(struct message *m)
{
	const struct mailbox *b = m->mailbox;
	struct making *k = mem_zalloc(sizeof(*k), making_destructor);
	char file[MAILBOX_PATH];
	uint64_t bytes = 0;
	int err;

	if (!k)
		return ENOMEM;

	message_file(m, file);
	mailbox_path(file, k->path);
	memcpy(k->id, m->id, sizeof(k->id));
	(void)snprintf(k->key, sizeof(k->key), KEY "%s", m->id);
	(void)snprintf(k->to, sizeof(k->to), "%s",
		       mailbox_setting(b, "mail_to"));
	k->language = mailbox_is_french(b) ? "fr" : "en";
	k->with_sound = !strcmp(mailbox_setting(b, "mail"), "sound") &&
			mailbox_class_of(b)->has_sound &&
			mailbox_has_file(file, &bytes) &&
			bytes <= SOUND_MAX_BYTES;
	write_texts(k, m);
	err = worker_give(mails.pool, make, made, k);
	if (err)
		mem_deref(k);

	return err;
}

void message_mail_shown(struct message *m)
{
	int err;

	if (m->mail != MESSAGE_MAIL_WANTED || !mails.pool)
		return;
	err = begin(m);
	if (err) /* at the next start */
		log_error("mail", "message %s: %s", m->id, strerror(err));
}

/* ---- once it has gone ---- */

static void settle(struct message *m, bool is_sent)
{
	const char *after = mailbox_setting(m->mailbox, "mail_after");

	if (is_sent && !strcmp(after, "delete")) {
		message_delete(m);
		return;
	}
	message_set_mail(m, MESSAGE_MAIL_NO, NULL);
	if (is_sent && !strcmp(after, "read"))
		message_mark(m, true, m->is_saved);
}

static void gone(const char *key, bool is_sent, void *arg)
{
	struct message *m;

	(void)arg;
	if (strncmp(key, KEY, strlen(KEY)) != 0)
		return;
	m = message_find(key + strlen(KEY));
	if (m)
		settle(m, is_sent);
}

/* What an earlier life has left: owed, or sent and not settled. */
static void take_up(struct message *m)
{
	struct store_rows *rows = NULL;
	char key[KEY_BYTES];
	const char *state;

	if (m->mail == MESSAGE_MAIL_WANTED) {
		message_mail_shown(m);
		return;
	}
	(void)snprintf(key, sizeof(key), KEY "%s", m->id);
	if (store_query(&rows, message_store(),
			"SELECT state FROM outbox WHERE mail_key = $1",
			STORE_ARGS(store_text(key))))
		return;
	state = rows_count(rows) ? rows_text(rows, 0, 0) : "failed";
	if (strcmp(state, "waiting") != 0)
		settle(m, !strcmp(state, "sent"));
	mem_deref(rows);
}

static void take_up_all(void)
{
	struct mailbox *b = mailbox_each(NULL);

	for (; b; b = mailbox_each(b)) {
		struct le *le = list_head(&b->messages);

		while (le) {
			struct message *m = le->data;

			le = le->next;
			if (m->is_whole && m->mail != MESSAGE_MAIL_NO)
				take_up(m);
		}
	}
}

/* ---- what else is told by mail ---- */

struct posting {
	store_done_h *done;
	void *arg;
};

static void posted(const struct store_result *result, void *arg)
{
	struct posting *p = arg;

	if (!result->err && mails.outbox)
		outbox_kick(mails.outbox);
	p->done(result, p->arg);
	mem_deref(p);
}

int message_mail_post(const struct mail *m, store_done_h *done, void *arg)
{
	struct posting *p;
	struct store_write *w = NULL;
	struct mail copy = *m;
	int err;

	if (!mails.outbox)
		return ENOTCONN;
	p = mem_zalloc(sizeof(*p), NULL);
	if (!p)
		return ENOMEM;

	p->done = done;
	p->arg = arg;
	copy.from = mails.from;
	err = store_write_alloc(&w, message_store());
	if (!err)
		err = outbox_put(w, &copy);
	if (!err)
		return store_write_send(w, posted, p);
	mem_deref(w);
	mem_deref(p);

	return err;
}

/* ---- life ---- */

int message_mail_start(const struct mail_conf *conf)
{
	int err = text_add(texts, ARRAY_SIZE(texts));

	if (err)
		return err;
	(void)snprintf(mails.from, sizeof(mails.from), "%s", conf->from);
	err = worker_pool_alloc(&mails.pool, THREADS, WORKS_MAX);
	if (!err)
		err = outbox_alloc(&mails.outbox, message_store(), conf);
	if (err)
		return err;

	outbox_on_gone(mails.outbox, gone, NULL);
	take_up_all();

	return 0;
}

void message_mail_close(void)
{
	mails.outbox = mem_deref(mails.outbox);
	mails.pool = mem_deref(mails.pool);
}

uint64_t message_mail_count(void)
{
	return mails.count;
}
