/* The sounds of our own in the conference bridge: files, ring tones, recordings, ears for keys. Each of them begins and
 * ends here, in one way.
 *
 * The bridge runs on the media clock's thread, and lets go of a port only at one of its next ticks. So (1) nothing that
 * it calls leads out of C: pjsua2's own player tells a C++ object of the file's end, from a third thread, and by then
 * the call may have ended and the object be gone. Here the loop asks how much was played. (2) A port is counted: the
 * bridge holds it, we hold it, and whoever lets go last frees it. (3) A place in the bridge is not taken anew before the
 * bridge has let go of its port, so what the clock's last tick writes here belongs to nobody else. */
#include "sounds.h"

struct sound {
    pjmedia_port *port; /* NULL: none of ours is here */
    unsigned frames;    /* of a file, that the bridge has taken; written by the media clock's thread */
};

static struct sound sounds[PJSUA_MAX_CONF_PORTS]; /* by their place in the bridge; for the loop only, but for `frames` */
static int alive;
static pj_status_t (*next_frame)(pjmedia_port *, pjmedia_frame *); /* of every file */

/* Give the port, which we own from now on, to the bridge. Returns its place there, or -1: then it is freed. */
int sound_begin(pj_pool_t *pool, pjmedia_port *port)
{
    pjsua_conf_port_id place;
    if (pjsua_conf_add_port(pool, port, &place) != PJ_SUCCESS) {
        pjmedia_port_destroy(port);
        return -1;
    }
    sounds[place].port = port;
    sounds[place].frames = 0;
    ++alive;
    port->port_data.ldata = place;
    return place;
}

pjmedia_port *sound_port(int place)
{
    return place < 0 || place >= PJSUA_MAX_CONF_PORTS ? NULL : sounds[place].port;
}

/* On the media clock's thread: `frames` tells how far the file has been heard. */
static pj_status_t on_frame(pjmedia_port *port, pjmedia_frame *frame)
{
    __atomic_fetch_add(&sounds[port->port_data.ldata].frames, 1, __ATOMIC_RELAXED);
    return next_frame(port, frame);
}

/* What was `made`, if it was. The ports have pools of their own: `pool` only told where they come from. */
static int begin(pj_pool_t *pool, pj_status_t made, pjmedia_port *port)
{
    int place = made == PJ_SUCCESS ? sound_begin(pool, port) : -1;
    pj_pool_release(pool);
    return place;
}

static pj_pool_t *new_pool(void)
{
    return pjsua_pool_create("sound%p", 1000, 1000);
}

/* --- for Python, on the loop; a sound is named by its place in the bridge, -1 for one that the engine refused --- */

/* The WAV at `path`, again and again if it is `for_ever`. */
EXPORTED int callapi_sound_file(const char *path, int for_ever)
{
    pj_pool_t *pool = new_pool();
    pjmedia_port *port = NULL;
    unsigned options = for_ever ? 0 : PJMEDIA_FILE_NO_LOOP;
    pj_status_t made = pjmedia_wav_player_port_create(pool, path, FRAME_MS, options, 0, &port);
    if (made == PJ_SUCCESS) {
        next_frame = port->get_frame;
        port->get_frame = &on_frame;
    }
    return begin(pool, made, port);
}

/* The `count` parts one after another, again and again. */
EXPORTED int callapi_sound_tone(const pjmedia_tone_desc *parts, int count)
{
    pj_pool_t *pool = new_pool();
    pjmedia_port *port = NULL;
    pj_status_t made = pjmedia_tonegen_create(pool, RATE, 1, FRAME, 16, 0, &port);
    if (made == PJ_SUCCESS)
        made = pjmedia_tonegen_play(port, (unsigned)count, parts, PJMEDIA_TONEGEN_LOOP);
    if (made != PJ_SUCCESS && port != NULL)
        pjmedia_port_destroy(port);
    return begin(pool, made, port);
}

/* What is connected to it, as a WAV at `path`. */
EXPORTED int callapi_sound_recording(const char *path)
{
    pj_pool_t *pool = new_pool();
    pjmedia_port *port = NULL;
    pj_status_t made = pjmedia_wav_writer_port_create(pool, path, RATE, 1, FRAME, 16, 0, 0, &port);
    return begin(pool, made, port);
}

/* From the next tick on, `to` hears `from`: places in the bridge. Again is harmless. 0: one of them has gone. */
EXPORTED int callapi_sound_connect(int from, int to)
{
    return pjsua_conf_connect(from, to) == PJ_SUCCESS;
}

/* Milliseconds of the file that the bridge has taken. What is past its end counts on. */
EXPORTED unsigned callapi_sound_played(int place)
{
    return sound_port(place) == NULL ? 0 : __atomic_load_n(&sounds[place].frames, __ATOMIC_RELAXED) * FRAME_MS;
}

/* Silence from the next tick on. Nothing happens where none of ours is. */
EXPORTED void callapi_sound_end(int place)
{
    pjmedia_port *port = sound_port(place);
    if (port == NULL)
        return;
    sounds[place].port = NULL;
    --alive;
    pjsua_conf_remove_port(place);
    pjmedia_port_destroy(port);
}

/* How many there are. From any thread. */
EXPORTED int callapi_sound_count(void)
{
    return alive;
}
