/* Keys as tones in the sound (ITU-T Q.23), for a peer that did not agree to send them as events (RFC 4733). An ear is a
 * port of the conference bridge that a call's sound is fed into; spandsp recognises the tones. Python only fetches the
 * digits: on the media clock's own thread it would hold up the sound of every call. */
#include "sounds.h"
#include <pthread.h>
#include <spandsp.h>

#define STEP 40 /* samples, 5 ms: how closely a pause is measured */
/* Samples, 45 ms: less between two tones of one key is a hole in it, as a lost packet leaves. spandsp takes 10 ms for a
 * pause, and measured by its reports a hole of 20 or 30 ms is up to 40 long, a pause of 45 at least 50. Telephones leave
 * 65 (ETSI ES 201 235-2). */
#define SHORTEST_PAUSE 360
#define KEPT 64

struct ear {
    pjmedia_port port; /* the first: pj hands it back to us */
    pj_pool_t *pool;
    dtmf_rx_state_t *receiver;
    pthread_mutex_t lock;
    char digits[KEPT]; /* heard and not fetched yet; guarded by lock */
    int count;
    /* Of the media clock's thread: the last key, and how many samples ago its tone ended. */
    int key;
    unsigned pause;
};

static void keep(struct ear *ear, char digit)
{
    pthread_mutex_lock(&ear->lock);
    if (ear->count < KEPT)
        ear->digits[ear->count++] = digit;
    pthread_mutex_unlock(&ear->lock);
}

/* A tone has begun, or (0) it has ended. */
static void on_tone(void *data, int key, int level, int delay)
{
    struct ear *ear = (struct ear *)data;
    if (key != 0 && (key != ear->key || ear->pause >= SHORTEST_PAUSE))
        keep(ear, (char)key);
    if (key != 0)
        ear->key = key;
    ear->pause = 0;
}

/* On the media clock's thread. A frame without sound is silence, which ends a tone. */
static pj_status_t on_frame(pjmedia_port *port, pjmedia_frame *frame)
{
    static const pj_int16_t silence[FRAME];
    struct ear *ear = (struct ear *)port;
    pj_bool_t sounds = frame->type == PJMEDIA_FRAME_TYPE_AUDIO;
    const pj_int16_t *samples = sounds ? (const pj_int16_t *)frame->buf : silence;
    int left = sounds ? (int)(frame->size / sizeof(pj_int16_t)) : FRAME;
    for (; left > 0; left -= STEP, samples += STEP) {
        ear->pause += STEP;
        dtmf_rx(ear->receiver, samples, left < STEP ? left : STEP);
    }
    return PJ_SUCCESS;
}

/* The bridge lets go of a port some time after it was removed. */
static pj_status_t on_destroy(pjmedia_port *port)
{
    struct ear *ear = (struct ear *)port;
    dtmf_rx_free(ear->receiver);
    pthread_mutex_destroy(&ear->lock);
    pj_pool_safe_release(&ear->pool);
    return PJ_SUCCESS;
}

static int new_ear(void)
{
    static const pj_str_t name = {"inband", 6};
    pj_pool_t *pool = pjsua_pool_create("inband%p", 1000, 1000);
    struct ear *ear = PJ_POOL_ZALLOC_T(pool, struct ear);
    ear->pool = pool;
    ear->receiver = dtmf_rx_init(NULL, NULL, NULL);
    dtmf_rx_set_realtime_callback(ear->receiver, &on_tone, ear);
    pthread_mutex_init(&ear->lock, NULL);
    pjmedia_port_info_init(&ear->port.info, &name, PJMEDIA_SIG_CLASS_APP('C', 'A', 'I'), RATE, 1, 16, FRAME);
    ear->port.put_frame = &on_frame;
    ear->port.on_destroy = &on_destroy;
    if (pjmedia_port_init_grp_lock(&ear->port, pool, NULL) != PJ_SUCCESS) {
        on_destroy(&ear->port);
        return -1;
    }
    return sound_begin(pool, &ear->port);
}

/* The place in the bridge of the call's sound, if its keys can only come in it; else -1. */
static pjsua_conf_port_id source_of(pjsua_call_id call)
{
    pjsua_call_info info;
    pjsua_stream_info stream;
    unsigned i;
    if (!pjsua_call_is_active(call) || pjsua_call_get_info(call, &info) != PJ_SUCCESS)
        return -1;
    for (i = 0; i < info.media_cnt; i++) {
        if (info.media[i].type != PJMEDIA_TYPE_AUDIO || info.media[i].status != PJSUA_CALL_MEDIA_ACTIVE ||
            pjsua_call_get_stream_info(call, info.media[i].index, &stream) != PJ_SUCCESS)
            continue;
        return stream.info.aud.tx_event_pt < 0 ? info.media[i].stream.aud.conf_slot : -1;
    }
    return -1;
}

/* Listen to the call, with `ear` or (-1) a new one. Again, when the call's media have changed, is harmless. Returns the
 * ear, or -1 when there is nothing to listen for: no sound, or keys come as events; then the ear is ended. It ends as any
 * sound of ours does, and what it heard is lost.
 * This and what follows: on the loop. */
EXPORTED int callapi_inband_listen(int call, int ear)
{
    pjsua_conf_port_id source = call < 0 ? -1 : source_of(call);
    if (source < 0) {
        callapi_sound_end(ear);
        return -1;
    }
    if (ear < 0)
        ear = new_ear();
    if (ear >= 0 && pjsua_conf_connect(source, ear) != PJ_SUCCESS) {
        callapi_sound_end(ear);
        return -1;
    }
    return ear;
}

/* Moves the digits heard since the last time into `out`, at most `size`. Returns how many. */
EXPORTED int callapi_inband_drain(int ear, char *out, int size)
{
    struct ear *from = (struct ear *)sound_port(ear);
    int count;
    if (from == NULL)
        return 0;
    pthread_mutex_lock(&from->lock);
    count = from->count < size ? from->count : size;
    pj_memcpy(out, from->digits, (pj_size_t)count);
    from->count -= count;
    pj_memmove(from->digits, from->digits + count, (pj_size_t)from->count);
    pthread_mutex_unlock(&from->lock);
    return count;
}
