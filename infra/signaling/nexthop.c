/* Next hop: a request goes to the address that we chose, and the peer's certificate is held against the name that was
 * dialled (RFC 5922 7.1), which is also the server name that we ask for in the TLS handshake.
 *
 * Why here: the engine takes both from the host of the Route. With an address there no certificate would match; with a
 * name the engine would look it up itself, which blocks the loop and goes past the guard. So signaling/targets.py
 * writes the Route's host as callapi-<address in hex>.<name>, and here it is taken apart. That Route is hidden: it
 * never shows in a message. */
#include <pjsua-lib/pjsua.h>

#define EXPORTED __attribute__((visibility("default")))

static const char prefix[] = "callapi-";
static pjsip_ext_resolver pinned;

/* The digits of `host` between the prefix and the first dot as an address of 4 or 16 bytes; 0 when it has none. */
static unsigned pinned_address(const pj_str_t *host, pj_uint8_t address[16])
{
    const char *digit = host->ptr + sizeof(prefix) - 1, *end = host->ptr + host->slen;
    unsigned nibbles = 0;
    if (host->slen < (pj_ssize_t)sizeof(prefix) || pj_memcmp(host->ptr, prefix, sizeof(prefix) - 1) != 0)
        return 0;
    for (; digit < end && pj_isxdigit((unsigned char)*digit) && nibbles < 32; digit++, nibbles++) {
        if (nibbles % 2 == 0)
            address[nibbles / 2] = 0;
        address[nibbles / 2] = (pj_uint8_t)(address[nibbles / 2] << 4 | pj_hex_digit_to_val((unsigned char)*digit));
    }
    return digit < end && *digit == '.' && (nibbles == 8 || nibbles == 32) ? nibbles / 2 : 0;
}

static void resolve(pjsip_resolver_t *resolver, pj_pool_t *pool, const pjsip_host_info *target, void *token,
                    pjsip_resolver_callback *cb)
{
    pjsip_host_info plain = *target;
    pj_uint8_t address[16];
    char text[PJ_INET6_ADDRSTRLEN];
    unsigned size = pinned_address(&target->addr.host, address);
    if (size > 0) {
        /* Only a request's Route has such a host, and for requests the token is this. */
        pjsip_tx_data *message = ((pjsip_send_state *)token)->tdata;
        pj_str_t name = target->addr.host;
        while (*name.ptr != '.')
            name.ptr++, name.slen--;
        name.ptr++, name.slen--;
        pj_strdup(message->pool, &message->dest_info.name, &name);
        pj_inet_ntop(size == 4 ? pj_AF_INET() : pj_AF_INET6(), address, text, sizeof(text));
        pj_strdup2(pool, &plain.addr.host, text);
        if (size == 16 && plain.type != PJSIP_TRANSPORT_UNSPECIFIED)
            plain.type = (pjsip_transport_type_e)((int)plain.type | PJSIP_TRANSPORT_IPV6);
    }
    /* The engine's own way from here: it is one thread that comes by. */
    pjsip_resolver_set_ext_resolver(resolver, NULL);
    pjsip_resolve(resolver, pool, &plain, token, cb);
    pjsip_resolver_set_ext_resolver(resolver, &pinned);
}

/* Call it after libInit, on a thread known to pj; twice is harmless. Returns a pj_status_t. */
EXPORTED int callapi_nexthop_start(void)
{
    pjsip_endpoint *endpoint = pjsua_get_pjsip_endpt();
    pinned.resolve = &resolve;
    return endpoint == NULL ? PJ_EINVALIDOP : pjsip_endpt_set_ext_resolver(endpoint, &pinned);
}
