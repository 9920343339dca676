/* mail_send.c - see mail.h: to a server by SMTP, or into a Maildir
 *
 * Without a server mails go to DIR/mail, where a page or a test reads them.
 * There a mail's file is named after its key, so a second delivery of the
 * same mail finds it and does nothing.
 */
#include <curl/curl.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/key_file.h"
#include "base/libre.h"
#include "base/mail.h"
#include "base/secrets.h"

enum { TIMEOUT_S = 30 };

/* ---- Maildir ---- */

static int make_folders(const char *maildir)
{
	static const char *const names[] = { "tmp", "new", "cur" };
	int err = 0;

	for (int i = 0; i < 3 && !err; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", maildir, names[i]);
		err = folder_make(path);
	}

	return err;
}

/* A reader moves new/NAME to cur/NAME:2,flags. */
static bool has_been_read(const char *maildir, const char *name)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool is_found = false;
	DIR *d;

	snprintf(path, sizeof(path), "%s/cur", maildir);
	d = opendir(path);
	while (d && !is_found && (entry = readdir(d)))
		is_found = !strncmp(entry->d_name, name, strlen(name));
	if (d)
		closedir(d);

	return is_found;
}

/* In files lines end with LF alone. */
static char *without_returns(const char *message, size_t size, size_t *sizep)
{
	char *out = mem_alloc(size + 1, NULL);
	size_t n = 0;

	for (size_t i = 0; out && i < size; i++) {
		if (message[i] != '\r')
			out[n++] = message[i];
	}

	*sizep = n;
	return out;
}

static int deliver(const char *maildir, const char *key, const char *message,
		   size_t size)
{
	char name[TOKEN_HASH_SIZE];
	char from[PATH_MAX];
	char to[PATH_MAX];
	char *text;
	int err;

	token_hash(name, key);
	name[32] = '\0';
	err = make_folders(maildir);
	if (err)
		return err;
	if (has_been_read(maildir, name))
		return 0;

	text = without_returns(message, size, &size);
	if (!text)
		return ENOMEM;

	snprintf(from, sizeof(from), "%s/tmp/%s", maildir, name);
	snprintf(to, sizeof(to), "%s/new/%s", maildir, name);
	err = file_put(from, text, size, false);
	if (!err && link(from, to) && errno != EEXIST)
		err = errno;
	unlink(from);
	mem_deref(text);
	return err;
}

/* ---- SMTP ---- */

struct reader {
	const char *p;
	size_t left;
};

static size_t read_more(char *out, size_t size, size_t count, void *arg)
{
	struct reader *r = arg;
	size_t n = size * count;

	if (n > r->left)
		n = r->left;
	memcpy(out, r->p, n);
	r->p += n;
	r->left -= n;
	return n;
}

static int look_for_abandon(void *arg, curl_off_t down_all, curl_off_t down,
			    curl_off_t up_all, curl_off_t up)
{
	const _Atomic bool *is_abandoned = arg;

	(void)down_all;
	(void)down;
	(void)up_all;
	(void)up;

	return is_abandoned && *is_abandoned;
}

static void set_security(CURL *curl, const struct mail_conf *conf)
{
	bool verifies = conf->must_encrypt || conf->user ||
			!strncmp(conf->server, "smtps:", 6);

	/* Encryption nobody asked for is taken as it comes: better than
	 * none.  A password never goes to a server that is not proven. */
	curl_easy_setopt(curl, CURLOPT_USE_SSL,
			 conf->must_encrypt || conf->user
				 ? (long)CURLUSESSL_ALL
				 : (long)CURLUSESSL_TRY);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, (long)verifies);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, verifies ? 2L : 0L);
	if (conf->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, conf->ca_file);
	if (conf->user)
		curl_easy_setopt(curl, CURLOPT_USERNAME, conf->user);
	if (conf->password)
		curl_easy_setopt(curl, CURLOPT_PASSWORD, conf->password);
}

static void set_message(CURL *curl, const struct mail_conf *conf,
			struct reader *r)
{
	curl_easy_setopt(curl, CURLOPT_URL, conf->server);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_abandon);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA,
			 (void *)(uintptr_t)conf->is_abandoned);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT,
			 (long)(conf->timeout_s ? conf->timeout_s : TIMEOUT_S));
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_more);
	curl_easy_setopt(curl, CURLOPT_READDATA, r);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->left);
}

static enum mail_outcome judge(CURL *curl, CURLcode code, const char *text,
			       char *why, size_t why_size)
{
	long answer = 0;

	if (code == CURLE_OK)
		return MAIL_SENT;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
	snprintf(why, why_size, "%s (%ld)",
		 text[0] ? text : curl_easy_strerror(code), answer);

	/* A wrong password is the operator's to mend; the mail waits. */
	if (answer >= 500 && answer < 600 && code != CURLE_LOGIN_DENIED &&
	    code != CURLE_USE_SSL_FAILED)
		return MAIL_REFUSED;

	return MAIL_LATER;
}

static enum mail_outcome send_smtp(const struct mail_conf *conf, const char *to,
				   struct reader *r, char *why, size_t why_size)
{
	char text[CURL_ERROR_SIZE] = "";
	char from[300];
	char rcpt[300];
	struct curl_slist *list = NULL;
	enum mail_outcome outcome = MAIL_LATER;
	CURL *curl = curl_easy_init();

	snprintf(from, sizeof(from), "<%s>", conf->from);
	snprintf(rcpt, sizeof(rcpt), "<%s>", to);
	list = curl_slist_append(NULL, rcpt);
	if (!curl || !list) {
		snprintf(why, why_size, "memory");
		goto out;
	}

	set_message(curl, conf, r);
	set_security(curl, conf);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, list);
	outcome = judge(curl, curl_easy_perform(curl), text, why, why_size);

out:
	curl_slist_free_all(list);
	curl_easy_cleanup(curl);
	return outcome;
}

enum mail_outcome mail_send(const struct mail_conf *conf, const char *to,
			    const char *key, const void *message, size_t size,
			    char *why, size_t why_size)
{
	struct reader r = { message, size };
	int err;

	if (fault_fails("mail.send")) {
		snprintf(why, why_size, "fault point");
		return MAIL_LATER;
	}

	if (!mail_address_is_valid(to)) {
		snprintf(why, why_size, "not an address");
		return MAIL_REFUSED;
	}

	if (conf->server)
		return send_smtp(conf, to, &r, why, why_size);

	err = conf->maildir ? deliver(conf->maildir, key, message, size)
			    : ENOENT;
	if (!err)
		return MAIL_SENT;

	snprintf(why, why_size, "%s: %s",
		 conf->maildir ? conf->maildir : "no server", strerror(err));
	return MAIL_LATER;
}
