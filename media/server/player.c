/* player.c - see player.h */
#include "media/server/player.h"
#include "media/server/port.h"
#include "media/server/sound.h"

struct player {
	struct port *port;
	struct sound *sound;
	size_t at; /* samples played, narrow */
	bool is_loop;
	struct tick tick;
};

static void player_destructor(void *data)
{
	struct player *pl = data;

	tick_stop(&pl->tick);
	mem_deref(pl->sound);
}

/* Fill a frame of a sound that has scale times as many samples as narrow;
 * false when it has ended before it. */
static bool read_frame(struct player *pl, int16_t *pcm, const int16_t *all,
		       size_t count, size_t scale)
{
	const size_t frame = CODEC_FRAME_MAX / 2;
	size_t done = 0;

	if (pl->at >= count && (!pl->is_loop || !count))
		return false;

	while (done < frame) {
		size_t n = min(frame - done, count - pl->at);

		memcpy(pcm + scale * done, all + scale * pl->at,
		       scale * n * sizeof(*pcm));
		pl->at += n;
		done += n;
		if (pl->at < count)
			continue;
		if (!pl->is_loop)
			break;
		pl->at = 0;
	}
	memset(pcm + scale * done, 0, scale * (frame - done) * sizeof(*pcm));

	return true;
}

static void play(void *arg)
{
	struct player *pl = arg;
	struct port *p = pl->port;
	int16_t pcm[CODEC_FRAME_MAX];
	size_t count;
	const int16_t *narrow = sound_pcm(pl->sound, &count);
	const int16_t *wide = port_is_wide(p) ? sound_wide(pl->sound) : NULL;

	if (read_frame(pl, pcm, wide ? wide : narrow, count, wide ? 2 : 1)) {
		port_speak(p, pcm, wide != NULL);
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
