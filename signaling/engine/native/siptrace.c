/* The SIP trace: every SIP message received or sent, as it crossed the wire, kept in a bounded ring until Python
 * drains it. It is linked into the pjsua2 binding, because pjsua2 itself shows messages only through its log, as
 * text, with credentials in it, and one Python call per message.
 *
 * Record:  uint32 length, little endian, of what follows
 *          "<seconds.microseconds since the epoch> <RX|TX> <UDP|TCP|TLS|...> <peer ip:port> <Call-ID>\n"
 *          start line and header lines of the message, each with its CRLF; no blank line, no body
 *
 * Left out: bodies; the values of Authorization and Proxy-Authorization; the password of a SIP URI's userinfo
 * (RFC 3261 19.1.1). In each place stands "[redacted]".
 * Cost: no allocation; one copy into a staging area and one into the ring, under an uncontended mutex.
 * A full ring drops the new message and counts it. */
#include <pjsua-lib/pjsua.h>
#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define EXPORTED __attribute__((visibility("default")))
#define RING_SIZE (4u * 1024 * 1024)
#define RECORD_SIZE (16u * 1024)
#define REDACTED "[redacted]"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char ring[RING_SIZE];
static uint64_t head, tail; /* bytes ever written and ever drained: head - tail is what the ring holds */
static uint64_t dropped;
static struct { char bytes[RECORD_SIZE]; size_t used; } record; /* guarded by lock, like the rest */

static void append(const char *text, size_t size)
{
    if (size > RECORD_SIZE - record.used)
        size = RECORD_SIZE - record.used;
    memcpy(record.bytes + record.used, text, size);
    record.used += size;
}

static int is_user_char(char c) { return isalnum((unsigned char)c) || strchr("-_.!~*'()%&=+$,;?/", c) != NULL; }
static int is_password_char(char c) { return isalnum((unsigned char)c) || strchr("-_.!~*'()%&=+$,", c) != NULL; }

/* The length of the prefix that ends before the password of a SIP URI starting at `at`; *password gets the
 * password's length. 0: no SIP URI here, or one without a password. */
static size_t before_password(const char *at, const char *end, size_t *password)
{
    const char *p = at, *start;
    if (end - p < 4 || strncasecmp(p, "sip", 3) != 0)
        return 0;
    p += 3;
    if (*p == 's' || *p == 'S')
        p++;
    if (p == end || *p++ != ':')
        return 0;
    while (p < end && *p && is_user_char(*p))
        p++;
    if (p == end || *p++ != ':')
        return 0;
    for (start = p; p < end && *p && is_password_char(*p); p++)
        ;
    if (p == end || *p != '@')
        return 0;
    *password = (size_t)(p - start);
    return (size_t)(start - at);
}

static void append_without_passwords(const char *line, const char *end)
{
    const char *from = line, *p = line;
    while (p < end) {
        size_t password = 0, before = (*p == 's' || *p == 'S') ? before_password(p, end, &password) : 0;
        if (before == 0) {
            p++;
            continue;
        }
        append(from, (size_t)(p - from) + before);
        append(REDACTED, sizeof(REDACTED) - 1);
        from = p = p + before + password;
    }
    append(from, (size_t)(end - from));
}

/* The length of a credential header's name with its colon, 0 for any other header. A name may be followed by
 * white space before the colon (RFC 3261 7.3.1). */
static size_t credential_name(const char *line, const char *end)
{
    static const char *const names[] = {"Authorization", "Proxy-Authorization"};
    for (size_t i = 0; i < 2; i++) {
        size_t size = strlen(names[i]);
        const char *p = line + size;
        if ((size_t)(end - line) <= size || strncasecmp(line, names[i], size) != 0)
            continue;
        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        if (p < end && *p == ':')
            return (size_t)(p - line) + 1;
    }
    return 0;
}

/* Header lines up to the blank line. A line that starts with white space continues the one before it (7.3.1). */
static void append_headers(const char *message, size_t size)
{
    const char *line = message, *end = message + size;
    int secret = 0;
    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *next = newline ? newline + 1 : end;
        int folded = *line == ' ' || *line == '\t';
        size_t name;
        if (*line == '\r' || *line == '\n')
            return;
        name = folded ? 0 : credential_name(line, next);
        if (name) {
            append(line, name);
            append(" " REDACTED "\r\n", sizeof(" " REDACTED "\r\n") - 1);
        } else if (!(folded && secret)) {
            append_without_passwords(line, next);
        }
        secret = name || (folded && secret);
        line = next;
    }
}

static void ring_write(const char *bytes, size_t size)
{
    size_t at = (size_t)(head % RING_SIZE), first = RING_SIZE - at < size ? RING_SIZE - at : size;
    memcpy(ring + at, bytes, first);
    memcpy(ring, bytes + first, size - first);
    head += size;
}

static void ring_read(uint64_t from, char *out, size_t size)
{
    size_t at = (size_t)(from % RING_SIZE), first = RING_SIZE - at < size ? RING_SIZE - at : size;
    memcpy(out, ring + at, first);
    memcpy(out + first, ring, size - first);
}

/* `call_id` is the engine's own reading of the header, so that nobody has to look for it in the text again; NULL is
 * a message without one. */
static void trace(const char *direction, const char *transport, const char *host, int port,
                  const pjsip_cid_hdr *call_id, const char *message, size_t size)
{
    char line[160];
    struct timespec now;
    uint32_t length;
    const char *format = strchr(host, ':') ? "%lld.%06ld %s %s [%s]:%d " : "%lld.%06ld %s %s %s:%d ";
    int used;

    clock_gettime(CLOCK_REALTIME, &now);
    used = snprintf(line, sizeof(line), format, (long long)now.tv_sec, now.tv_nsec / 1000, direction, transport, host,
                    port);
    if (used < 0 || used >= (int)sizeof(line))
        return;
    pthread_mutex_lock(&lock);
    record.used = 0;
    append(line, (size_t)used);
    if (call_id != NULL && call_id->id.slen > 0)
        append(call_id->id.ptr, (size_t)call_id->id.slen);
    append("\n", 1);
    append_headers(message, size);
    length = (uint32_t)record.used;
    if (sizeof(length) + length > RING_SIZE - (head - tail)) {
        dropped++;
    } else {
        ring_write((const char *)&length, sizeof(length));
        ring_write(record.bytes, length);
    }
    pthread_mutex_unlock(&lock);
}

static pj_bool_t on_rx(pjsip_rx_data *rdata)
{
    trace("RX", rdata->tp_info.transport->type_name, rdata->pkt_info.src_name, rdata->pkt_info.src_port,
          rdata->msg_info.cid, rdata->msg_info.msg_buf, (size_t)rdata->msg_info.len);
    return PJ_FALSE; /* never consumed: every other module sees it too */
}

static pj_status_t on_tx(pjsip_tx_data *tdata)
{
    trace("TX", tdata->tp_info.transport->type_name, tdata->tp_info.dst_name, tdata->tp_info.dst_port,
          (const pjsip_cid_hdr *)pjsip_msg_find_hdr(tdata->msg, PJSIP_H_CALL_ID, NULL), tdata->buf.start, (size_t)(tdata->buf.cur - tdata->buf.start));
    return PJ_SUCCESS;
}

/* One above the transport layer: received messages come here first, sent ones last, already printed. */
static pjsip_module module = {
    .name = {"callapi-trace", 13},
    .id = -1,
    .priority = PJSIP_MOD_PRIORITY_TRANSPORT_LAYER - 1,
    .on_rx_request = &on_rx,
    .on_rx_response = &on_rx,
    .on_tx_request = &on_tx,
    .on_tx_response = &on_tx,
};

/* Start tracing on pjsua's endpoint; call it after libInit, on a thread known to pj. Starting twice is harmless;
 * libDestroy ends it. Returns a pj_status_t: 0, or PJ_EINVALIDOP while there is no endpoint. */
EXPORTED int callapi_trace_start(void)
{
    pjsip_endpoint *endpoint = pjsua_get_pjsip_endpt();
    if (endpoint == NULL)
        return PJ_EINVALIDOP;
    if (module.id != -1)
        return PJ_SUCCESS;
    return pjsip_endpt_register_module(endpoint, &module);
}

/* Move whole records into `out`, oldest first. Returns the bytes moved, 0 when there is nothing, and -1 when `size`
 * cannot hold the next record (never with 20,000 bytes or more). Any thread may call it. */
EXPORTED int callapi_trace_drain(char *out, int size)
{
    int used = 0;
    uint32_t length;

    pthread_mutex_lock(&lock);
    while (tail < head) {
        ring_read(tail, (char *)&length, sizeof(length));
        if ((int64_t)used + (int64_t)(sizeof(length) + length) > size) {
            if (used == 0)
                used = -1;
            break;
        }
        ring_read(tail, out + used, sizeof(length) + length);
        tail += sizeof(length) + length;
        used += (int)(sizeof(length) + length);
    }
    pthread_mutex_unlock(&lock);
    return used;
}

/* How many messages a full ring has dropped since the process started. */
EXPORTED unsigned long long callapi_trace_dropped(void)
{
    unsigned long long count;
    pthread_mutex_lock(&lock);
    count = dropped;
    pthread_mutex_unlock(&lock);
    return count;
}
