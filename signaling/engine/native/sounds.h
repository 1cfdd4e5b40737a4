/* For the C files that have a sound of their own: see sounds.c. */
#include <pjsua-lib/pjsua.h>

#define EXPORTED __attribute__((visibility("default")))

/* The bridge's clock: 20 ms of 8 kHz, one channel. */
#define RATE 8000
#define FRAME 160
#define FRAME_MS 20

int sound_begin(pj_pool_t *pool, pjmedia_port *port);
pjmedia_port *sound_port(int place);
void callapi_sound_end(int place);
