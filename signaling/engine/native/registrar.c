/* The registrar's ear: every REGISTER is taken before pjsua, which knows none, and kept until Python answers it. Python
 * drains what came, decides, and answers by number.
 *
 * A request gets a transaction only when Python accepts it, that is, once it has answered a challenge of ours. A
 * transaction of UDP stays for 32 s (RFC 3261 17.2.2, timer J) and their number is limited: if every REGISTER made one,
 * 1,000 of them a second, which anybody can send, would leave none for calls. A challenge needs none: 8.2.7 has the
 * stateless UAS for just this. The transactions of accepted ones are counted, and limited, apart from those of calls.
 *
 * Record:  uint32 length, native, of what follows
 *          uint32 number of the request
 *          "<UDP|TCP|TLS|...> <source ip:port>\n"
 *          request line and header lines, each with its CRLF; no blank line, no body
 *
 * Everything but callapi_registrar_refuse is for the thread that handles the engine's events. */
#define _GNU_SOURCE /* memmem */
#include <pjsua-lib/pjsua.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))
#define MOST_PENDING 512
#define MOST_TRANSACTIONS 4096
#define LONGEST_SECONDS 20 /* what nobody has answered by then gets a 503: nothing here outlives a lost answer */

struct pending {
    PJ_DECL_LIST_MEMBER(struct pending);
    uint32_t number;
    pj_time_val since;
    pjsip_rx_data *request;
    pjsip_transaction *transaction; /* NULL until it is accepted */
};

static struct pending slots[MOST_PENDING];
static struct pending idle, untold, told; /* heads of lists; the last two have the oldest first */
static uint32_t last_number;
static unsigned transactions;
static volatile int refusing;

static pj_bool_t on_rx_request(pjsip_rx_data *rdata);
static void on_tsx_state(pjsip_transaction *transaction, pjsip_event *event);
static pj_status_t on_stop(void);

static pjsip_module module = {
    .name = {"callapi-registrar", 17},
    .id = -1,
    .priority = PJSIP_MOD_PRIORITY_UA_PROXY_LAYER - 7, /* behind the transactions, before the dialogs */
    .on_rx_request = &on_rx_request,
    .on_tsx_state = &on_tsx_state,
    .stop = &on_stop,
};

static void release(struct pending *one)
{
    if (one->transaction != NULL)
        one->transaction->mod_data[module.id] = NULL;
    one->transaction = NULL;
    pjsip_rx_data_free_cloned(one->request);
    one->request = NULL;
    pj_list_erase(one);
    pj_list_push_back(&idle, one);
}

static struct pending *find(uint32_t number)
{
    struct pending *one;
    for (one = told.next; one != &told; one = one->next)
        if (one->number == number)
            return one;
    return NULL;
}

static pj_bool_t on_rx_request(pjsip_rx_data *rdata)
{
    struct pending *one = idle.next;
    if (rdata->msg_info.msg->line.req.method.id != PJSIP_REGISTER_METHOD)
        return PJ_FALSE;
    if (refusing || one == &idle) {
        pjsip_endpt_respond_stateless(pjsua_get_pjsip_endpt(), rdata, PJSIP_SC_SERVICE_UNAVAILABLE, NULL, NULL, NULL);
        return PJ_TRUE;
    }
    if (pjsip_rx_data_clone(rdata, 0, &one->request) != PJ_SUCCESS)
        return PJ_TRUE; /* out of memory, or the connection has gone: whoever sent it tries again */
    one->number = ++last_number;
    pj_gettickcount(&one->since);
    pj_list_erase(one);
    pj_list_push_back(&untold, one);
    return PJ_TRUE;
}

/* Also when the transport failed before the answer: then there is nobody to answer any more. */
static void on_tsx_state(pjsip_transaction *transaction, pjsip_event *event)
{
    struct pending *one = transaction->mod_data[module.id];
    if (transaction->state != PJSIP_TSX_STATE_TERMINATED)
        return;
    transactions--;
    if (one != NULL)
        release(one);
}

static pj_status_t on_stop(void)
{
    while (!pj_list_empty(&untold))
        release(untold.next);
    while (!pj_list_empty(&told))
        release(told.next);
    return PJ_SUCCESS;
}

/* `headers`: "Name: value" lines, each with its LF. */
static void add_headers(pjsip_tx_data *response, const char *headers)
{
    const char *line = headers, *newline, *colon;
    for (; (newline = strchr(line, '\n')) != NULL; line = newline + 1) {
        pj_str_t name, value;
        colon = memchr(line, ':', (size_t)(newline - line));
        if (colon == NULL || colon[1] != ' ')
            continue;
        pj_strset(&name, (char *)line, (pj_size_t)(colon - line));
        pj_strset(&value, (char *)colon + 2, (pj_size_t)(newline - colon - 2));
        /* Copies both. */
        pjsip_msg_add_hdr(response->msg,
                          (pjsip_hdr *)pjsip_generic_string_hdr_create(response->pool, &name, &value));
    }
}

static pj_status_t send_stateless(pjsip_rx_data *request, pjsip_tx_data *response)
{
    pjsip_response_addr address;
    pj_status_t status = pjsip_get_response_addr(response->pool, request, &address);
    if (status == PJ_SUCCESS)
        status = pjsip_endpt_send_response(pjsua_get_pjsip_endpt(), &address, response, NULL, NULL);
    if (status != PJ_SUCCESS)
        pjsip_tx_data_dec_ref(response);
    return status;
}

static pj_status_t respond(struct pending *one, int code, const char *headers)
{
    pjsip_transaction *transaction = one->transaction;
    pjsip_tx_data *response;
    pj_status_t status =
        pjsip_endpt_create_response(pjsua_get_pjsip_endpt(), one->request, code, NULL, &response);
    if (status != PJ_SUCCESS) {
        if (transaction != NULL)
            pjsip_tsx_terminate(transaction, PJSIP_SC_INTERNAL_SERVER_ERROR); /* releases it */
        else
            release(one);
        return status;
    }
    add_headers(response, headers);
    if (transaction == NULL) {
        status = send_stateless(one->request, response);
        release(one);
        return status;
    }
    release(one); /* the transaction goes on by itself: it answers retransmissions */
    status = pjsip_tsx_send_msg(transaction, response);
    if (status != PJ_SUCCESS) {
        pjsip_tx_data_dec_ref(response);
        pjsip_tsx_terminate(transaction, PJSIP_SC_INTERNAL_SERVER_ERROR);
    }
    return status;
}

static int is_late(const struct pending *one)
{
    pj_time_val now;
    pj_gettickcount(&now);
    PJ_TIME_VAL_SUB(now, one->since);
    return now.sec >= LONGEST_SECONDS;
}

static void answer_late_ones(struct pending *list)
{
    while (!pj_list_empty(list) && is_late(list->next))
        respond(list->next, PJSIP_SC_SERVICE_UNAVAILABLE, "");
}

/* Without its body, which a REGISTER has no use for. */
static size_t head_size(const pjsip_rx_data *request)
{
    const char *start = request->msg_info.msg_buf;
    size_t size = (size_t)request->msg_info.len;
    const char *blank = memmem(start, size, "\r\n\r\n", 4);
    return blank != NULL ? (size_t)(blank + 2 - start) : size;
}

/* Take every REGISTER from now on. Call it after libInit; twice is harmless. Returns a pj_status_t. */
EXPORTED int callapi_registrar_start(void)
{
    pjsip_endpoint *endpoint = pjsua_get_pjsip_endpt();
    if (endpoint == NULL)
        return PJ_EINVALIDOP;
    if (module.id != -1)
        return PJ_SUCCESS;
    pj_list_init(&idle);
    pj_list_init(&untold);
    pj_list_init(&told);
    for (size_t i = 0; i < MOST_PENDING; i++)
        pj_list_push_back(&idle, &slots[i]);
    return pjsip_endpt_register_module(endpoint, &module);
}

/* From now on answer 503 to every REGISTER that comes. Any thread. */
EXPORTED void callapi_registrar_refuse(void) { refusing = 1; }

/* Move whole records into `out`, oldest first, as many as fit. Returns the bytes moved, 0 when there is nothing. Never
 * stuck with a `size` of PJSIP_MAX_PKT_LEN + 256 or more. */
EXPORTED int callapi_registrar_drain(char *out, int size)
{
    int used = 0;
    answer_late_ones(&untold);
    answer_late_ones(&told);
    while (!pj_list_empty(&untold)) {
        struct pending *one = untold.next;
        const pjsip_rx_data *request = one->request;
        const char *format = strchr(request->pkt_info.src_name, ':') ? "%s [%s]:%d\n" : "%s %s:%d\n";
        char source[128];
        int line = snprintf(source, sizeof(source), format, request->tp_info.transport->type_name,
                            request->pkt_info.src_name, request->pkt_info.src_port);
        size_t head = head_size(request);
        uint32_t length = (uint32_t)(sizeof(one->number) + (size_t)line + head);
        if ((int64_t)used + (int64_t)sizeof(length) + length > size)
            break;
        memcpy(out + used, &length, sizeof(length));
        memcpy(out + used + sizeof(length), &one->number, sizeof(one->number));
        used += (int)(sizeof(length) + sizeof(one->number));
        memcpy(out + used, source, (size_t)line);
        memcpy(out + used + line, request->msg_info.msg_buf, head);
        used += line + (int)head;
        pj_list_erase(one);
        pj_list_push_back(&told, one);
    }
    return used;
}

/* Give request `number` a transaction. 0: it has one, and is to be answered. PJ_EEXISTS: it was a retransmission of one
 * that has; it is gone. PJ_ETOOMANY: too many were accepted lately; refuse it. PJ_ENOTFOUND: it is gone. */
EXPORTED int callapi_registrar_accept(uint32_t number)
{
    struct pending *one = find(number);
    pj_status_t status;
    if (one == NULL)
        return PJ_ENOTFOUND;
    if (transactions >= MOST_TRANSACTIONS)
        return PJ_ETOOMANY;
    status = pjsip_tsx_create_uas2(&module, one->request, NULL, &one->transaction);
    if (status != PJ_SUCCESS) {
        one->transaction = NULL;
        release(one);
        return status;
    }
    transactions++;
    one->transaction->mod_data[module.id] = one;
    pjsip_tsx_recv_msg(one->transaction, one->request);
    return PJ_SUCCESS;
}

/* Answer request `number`. PJ_ENOTFOUND when it is gone, for which nothing needs to be done. */
EXPORTED int callapi_registrar_respond(uint32_t number, int code, const char *headers)
{
    struct pending *one = find(number);
    return one == NULL ? PJ_ENOTFOUND : respond(one, code, headers);
}
