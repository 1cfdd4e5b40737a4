/* Next hop: a request goes to an address that was judged, never to where the engine's own look-up leads. That would block
 * the loop for all calls, and go past the guard (signaling/routing/resolver.py). So the engine looks no name up, anywhere:
 *
 * The first request of a call goes to the address that signaling/routing/target.py chose. Over TLS the peer's certificate is
 * held against the name that was dialled (RFC 5922 7.1), which is also the server name that we ask for in the handshake.
 * The engine takes both from the host of the Route: with an address there no certificate would match. So the Route's
 * host is callapi-<address in hex>.<name>, and here it is taken apart. That Route is hidden: it never shows in a message.
 *
 * A request within the dialog goes where its Contact or Record-Route says (RFC 3261 12.2.1.1), which strangers write.
 * Where that is a name, or an address that differs from the peer's own and that the guard refuses, it goes to the peer:
 * to where the last message of this dialog came from, over the same transport. */
#include <pjsua-lib/pjsua.h>
#include <netdb.h>

#define EXPORTED __attribute__((visibility("default")))

typedef int judge(const char *address);

/* The other end of a dialog. `name`: what its certificate is held against. `dialled`: we opened the connection. */
struct peer {
    pj_sockaddr address;
    pjsip_transport_type_e type;
    pj_str_t name;
    pj_bool_t dialled;
};

static const char prefix[] = "callapi-";
static pjsip_ext_resolver hook;
static judge *permits;
static pjsip_module module;

/* --- the peers of the dialogs --- */

static struct peer *peer_of(const pjsip_dialog *dialog) { return (struct peer *)dialog->mod_data[module.id]; }

/* The dialog of a message. Before the peer's first answer the engine knows it without the peer's tag. */
static pjsip_dialog *dialog_of(const pj_str_t *call_id, const pj_str_t *our_tag, const pj_str_t *peers_tag)
{
    static const pj_str_t none = {"", 0};
    pjsip_dialog *found = pjsip_ua_find_dialog(call_id, our_tag, peers_tag, PJ_FALSE);
    return found != NULL ? found : pjsip_ua_find_dialog(call_id, our_tag, &none, PJ_FALSE);
}

static pjsip_dialog *dialog_of_sent(const pjsip_msg *message)
{
    const pjsip_cid_hdr *call_id = PJSIP_MSG_CID_HDR(message);
    const pjsip_from_hdr *from = PJSIP_MSG_FROM_HDR(message);
    const pjsip_to_hdr *to = PJSIP_MSG_TO_HDR(message);
    if (call_id == NULL || from == NULL || to == NULL)
        return NULL;
    return message->type == PJSIP_REQUEST_MSG ? dialog_of(&call_id->id, &from->tag, &to->tag)
                                              : dialog_of(&call_id->id, &to->tag, &from->tag);
}

static void note(pjsip_dialog *dialog, const pjsip_transport *transport, const pj_sockaddr *address)
{
    struct peer *peer = peer_of(dialog);
    if (peer == NULL)
        dialog->mod_data[module.id] = peer = PJ_POOL_ZALLOC_T(dialog->pool, struct peer);
    pj_sockaddr_cp(&peer->address, address);
    peer->type = (pjsip_transport_type_e)transport->key.type;
    peer->dialled = transport->dir == PJSIP_TP_DIR_OUTGOING;
    if (pj_strcmp(&peer->name, &transport->remote_name.host) != 0)
        pj_strdup(dialog->pool, &peer->name, &transport->remote_name.host);
}

static pj_bool_t is_permitted(const pj_sockaddr *address)
{
    char text[PJ_INET6_ADDRSTRLEN];
    return pj_sockaddr_print(address, text, sizeof(text), 0) != NULL && permits(text);
}

static pj_bool_t same_host(const pj_sockaddr *one, const pj_sockaddr *other)
{
    return one->addr.sa_family == other->addr.sa_family &&
           pj_memcmp(pj_sockaddr_get_addr(one), pj_sockaddr_get_addr(other), pj_sockaddr_get_addr_len(one)) == 0;
}

static pj_bool_t on_received(pjsip_rx_data *received)
{
    const pj_bool_t asks = received->msg_info.msg->type == PJSIP_REQUEST_MSG;
    const pj_str_t *from = &received->msg_info.from->tag, *to = &received->msg_info.to->tag;
    const pjsip_transport *transport = received->tp_info.transport;
    const pj_sockaddr *source = &received->pkt_info.src_addr;
    pjsip_dialog *dialog = dialog_of(&received->msg_info.cid->id, asks ? to : from, asks ? from : to);
    const struct peer *peer = dialog == NULL ? NULL : peer_of(dialog);

    if (asks) /* our answers go to who asked (RFC 3261 18.2.2), and not to where a stranger says */
        received->msg_info.via->maddr_param.slen = 0;
    /* Whom we have connected to listens there, and over TLS has shown who he is: he is not to be had elsewhere. */
    if (dialog == NULL || (peer != NULL && peer->dialled && transport->dir != PJSIP_TP_DIR_OUTGOING))
        return PJ_FALSE;
    if ((peer != NULL && same_host(source, &peer->address)) || is_permitted(source))
        note(dialog, transport, source);
    return PJ_FALSE;
}

/* The first message of ours: to the address that was judged, or back to the caller. */
static pj_status_t on_sent(pjsip_tx_data *sent)
{
    pjsip_dialog *dialog = dialog_of_sent(sent->msg);
    if (dialog != NULL && peer_of(dialog) == NULL)
        note(dialog, sent->tp_info.transport, &sent->tp_info.dst_addr);
    return PJ_SUCCESS;
}

static pjsip_module module = {
    .name = {"callapi-nexthop", 15},
    .id = -1,
    .priority = PJSIP_MOD_PRIORITY_TRANSPORT_LAYER - 2, /* before whoever may answer */
    .on_rx_request = &on_received,
    .on_rx_response = &on_received,
    .on_tx_request = &on_sent,
    .on_tx_response = &on_sent,
};

/* --- the resolver --- */

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

/* Takes the Route's host apart: the name goes to `message`, the address to `target`. Whether it was such a host. */
static pj_bool_t unpin(pjsip_tx_data *message, pj_pool_t *pool, pjsip_host_info *target)
{
    pj_uint8_t address[16];
    char text[PJ_INET6_ADDRSTRLEN];
    unsigned size = pinned_address(&target->addr.host, address);
    pj_str_t name = target->addr.host;
    if (size == 0)
        return PJ_FALSE;
    while (*name.ptr != '.')
        name.ptr++, name.slen--;
    name.ptr++, name.slen--;
    pj_strdup(message->pool, &message->dest_info.name, &name);
    pj_inet_ntop(size == 4 ? pj_AF_INET() : pj_AF_INET6(), address, text, sizeof(text));
    pj_strdup2(pool, &target->addr.host, text);
    if (size == 16 && target->type != PJSIP_TRANSPORT_UNSPECIFIED)
        target->type = (pjsip_transport_type_e)((int)target->type | PJSIP_TRANSPORT_IPV6);
    return PJ_TRUE;
}

static pj_bool_t is_address(const pj_str_t *host, pj_sockaddr *address)
{
    pj_sockaddr_init(pj_AF_INET(), address, NULL, 0);
    if (pj_inet_pton(pj_AF_INET(), host, &address->ipv4.sin_addr) == PJ_SUCCESS)
        return PJ_TRUE;
    pj_sockaddr_init(pj_AF_INET6(), address, NULL, 0);
    return pj_inet_pton(pj_AF_INET6(), host, &address->ipv6.sin6_addr) == PJ_SUCCESS;
}

/* Whether the engine may send to `host` in the dialog, as it stands there. A pinned one is ours only where it is the
 * peer's own address: anybody may write such a host into a Contact. */
static pj_bool_t is_good(const pj_str_t *host, pj_bool_t pinned, const struct peer *peer)
{
    pj_sockaddr address;
    return is_address(host, &address) && ((peer != NULL && same_host(&address, &peer->address)) ||
                                          (!pinned && is_permitted(&address)));
}

/* A sips: URI asks for TLS (RFC 3261 26.2.2): a peer that speaks to us without it does not do. No peer: another branch
 * of a fork has answered, of which we know nothing yet. */
static void resolve_to_peer(const struct peer *peer, const pjsip_host_info *target, pjsip_tx_data *message,
                            pjsip_resolver_callback *cb, void *token)
{
    pjsip_server_addresses found;
    pj_bool_t secure = peer != NULL && (pjsip_transport_get_flag_from_type(peer->type) & PJSIP_TRANSPORT_SECURE) != 0;
    if (peer == NULL || ((target->flag & PJSIP_TRANSPORT_SECURE) && !secure)) {
        cb(PJ_ERESOLVE, token, NULL);
        return;
    }
    if (secure) /* the connection that there is, or a new one to a certificate of this name */
        pj_strdup(message->pool, &message->dest_info.name, &peer->name);
    pj_bzero(&found, sizeof(found));
    found.count = 1;
    found.entry[0].type = peer->type;
    found.entry[0].name = target->addr.host;
    found.entry[0].addr_len = (int)pj_sockaddr_get_len(&peer->address);
    pj_sockaddr_cp(&found.entry[0].addr, &peer->address);
    cb(PJ_SUCCESS, token, &found);
}

static void resolve(pjsip_resolver_t *resolver, pj_pool_t *pool, const pjsip_host_info *target, void *token,
                    pjsip_resolver_callback *cb)
{
    pjsip_tx_data *message = ((pjsip_send_state *)token)->tdata; /* so it is for whatever pjsua sends here */
    pjsip_host_info plain = *target;
    pj_bool_t pinned = unpin(message, pool, &plain);
    pjsip_dialog *dialog = message->msg->type == PJSIP_REQUEST_MSG ? dialog_of_sent(message->msg) : NULL;
    const struct peer *peer = dialog == NULL ? NULL : peer_of(dialog);
    pj_bool_t within = peer != NULL || (dialog != NULL && PJSIP_MSG_TO_HDR(message->msg)->tag.slen > 0);

    if (within && !is_good(&plain.addr.host, pinned, peer)) {
        resolve_to_peer(peer, target, message, cb, token);
        return;
    }
    /* The engine's own way from here, which for a name is an error at once: it is one thread that comes by. */
    pjsip_resolver_set_ext_resolver(resolver, NULL);
    pjsip_resolve(resolver, pool, &plain, token, cb);
    pjsip_resolver_set_ext_resolver(resolver, &hook);
}

/* Addresses are judged by `judge`: 0 for one that we may not send to. Call it after libInit, on a thread known to pj;
 * twice is harmless. Returns a pj_status_t. */
EXPORTED int callapi_nexthop_start(judge *guard)
{
    pjsip_endpoint *endpoint = pjsua_get_pjsip_endpt();
    pj_status_t status;
    if (endpoint == NULL)
        return PJ_EINVALIDOP;
    permits = guard;
    hook.resolve = &resolve;
    status = module.id != -1 ? PJ_SUCCESS : pjsip_endpt_register_module(endpoint, &module);
    return status != PJ_SUCCESS ? status : pjsip_endpt_set_ext_resolver(endpoint, &hook);
}

/* --- every look-up that is left: the engine's calls of these come here (build-engine.sh: --wrap) --- */

int __real_getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);
struct hostent *__real_gethostbyname(const char *);

/* Also a name in SDP (c=), or the machine's own. */
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    struct addrinfo numeric;
    pj_bzero(&numeric, sizeof(numeric));
    if (hints != NULL)
        numeric = *hints;
    numeric.ai_flags |= AI_NUMERICHOST;
    return __real_getaddrinfo(host, service, &numeric, found);
}

struct hostent *__wrap_gethostbyname(const char *host)
{
    pj_str_t text = pj_str((char *)host);
    pj_in_addr address;
    return pj_inet_pton(pj_AF_INET(), &text, &address) == PJ_SUCCESS ? __real_gethostbyname(host) : NULL;
}
