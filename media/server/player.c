/* player.c - see player.h */
#include "media/server/player.h"
#include "media/server/port.h"
#include "media/server/sound.h"
#include "media/tone.h"

struct player {
	struct port *port;
	struct sound *sound;
	size_t at; /* samples played */
	bool is_loop;
	struct tick tick;
};

static void player_destructor(void *data)
{
	struct player *pl = data;

	tick_stop(&pl->tick);
	mem_deref(pl->sound);
}

/* Fill a frame; false when the sound has ended before it. */
static bool read_frame(struct player *pl, int16_t *pcm)
{
	size_t count, done = 0;
	const int16_t *all = sound_pcm(pl->sound, &count);

	if (pl->at >= count && (!pl->is_loop || !count))
		return false;

	while (done < TONE_FRAME) {
		size_t n = min((size_t)TONE_FRAME - done, count - pl->at);

		memcpy(pcm + done, all + pl->at, n * sizeof(*pcm));
		pl->at += n;
		done += n;
		if (pl->at < count)
			continue;
		if (!pl->is_loop)
			break;
		pl->at = 0;
	}
	memset(pcm + done, 0, (TONE_FRAME - done) * sizeof(*pcm));

	return true;
}

static void play(void *arg)
{
	struct player *pl = arg;
	struct port *p = pl->port;
	int16_t pcm[TONE_FRAME];

	if (read_frame(pl, pcm)) {
		port_speak(p, pcm, false);
		return;
	}

	p->player = NULL;
	port_tell(p, PORT_PLAYED, sound_name(pl->sound));
	mem_deref(pl);
}

int player_start(struct port *p, struct sound *sound, bool is_loop)
{
	struct player *pl = mem_zalloc(sizeof(*pl), player_destructor);

	if (!pl)
		return ENOMEM;
	pl->port = p;
	pl->sound = mem_ref(sound);
	pl->is_loop = is_loop;

	player_stop(p);
	p->player = pl;
	p->has_talked = false;
	tick_start(&pl->tick, play, pl);

	return 0;
}

void player_stop(struct port *p)
{
	p->player = mem_deref(p->player);
}

const char *player_sound(const struct port *p)
{
	return p->player ? sound_name(p->player->sound) : NULL;
}
