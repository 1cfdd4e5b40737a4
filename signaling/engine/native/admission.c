/* Admission: while refusing, or while the engine has few calls left, a new INVITE gets a 503 without a dialog or a
 * call, so that a full task spends its time on the calls that it has. So does an OPTIONS outside a dialog, which asks
 * what an INVITE would get (RFC 3261 11.2). A refusal by pjsua2 costs about half as much as a
 * whole call. The engine's own count matters too: a call that we have hung up keeps its place until its BYE is
 * answered, 32 s when the peer is gone, and pjsua2 itself would answer 486 when the last place is taken.
 *
 * It has a transaction: without one (RFC 3261 8.2.7 allows that) a retransmission of a refused INVITE, still in our
 * queue, could be taken, for a caller who has gone. Retransmissions are absorbed by their transaction before they come
 * here, and an INVITE within a dialog has a To tag. No Retry-After: it would keep a proxy away from our other tasks,
 * which share the address (21.5.4). */
#include <pjsua-lib/pjsua.h>

#define EXPORTED __attribute__((visibility("default")))

static volatile int refusing;
static volatile unsigned most_calls;
static volatile unsigned long long refused;

static pj_bool_t on_rx_request(pjsip_rx_data *rdata)
{
    pjsip_method_e method = rdata->msg_info.msg->line.req.method.id;
    if ((method != PJSIP_INVITE_METHOD && method != PJSIP_OPTIONS_METHOD) || rdata->msg_info.to->tag.slen > 0)
        return PJ_FALSE;
    if (!refusing && pjsua_call_get_count() < most_calls)
        return PJ_FALSE;
    refused += method == PJSIP_INVITE_METHOD;
    if (method == PJSIP_OPTIONS_METHOD ||
        pjsip_endpt_respond(pjsua_get_pjsip_endpt(), NULL, rdata, PJSIP_SC_SERVICE_UNAVAILABLE, NULL, NULL, NULL,
                            NULL) != PJ_SUCCESS)
        pjsip_endpt_respond_stateless(pjsua_get_pjsip_endpt(), rdata, PJSIP_SC_SERVICE_UNAVAILABLE, NULL, NULL, NULL);
    return PJ_TRUE;
}

static pjsip_module module = {
    .name = {"callapi-admission", 17},
    .id = -1,
    .priority = PJSIP_MOD_PRIORITY_UA_PROXY_LAYER - 8, /* behind the transactions, before the dialogs */
    .on_rx_request = &on_rx_request,
};

/* Refuse above `calls` of the engine. Call it after libInit, on a thread known to pj; twice is harmless. Returns a
 * pj_status_t. */
EXPORTED int callapi_admission_start(unsigned calls)
{
    pjsip_endpoint *endpoint = pjsua_get_pjsip_endpt();
    most_calls = calls;
    if (endpoint == NULL)
        return PJ_EINVALIDOP;
    return module.id != -1 ? PJ_SUCCESS : pjsip_endpt_register_module(endpoint, &module);
}

/* From now on refuse new INVITEs, or (0) take them. Any thread. */
EXPORTED void callapi_admission_refuse(int yes) { refusing = yes; }

/* What the engine has: calls, dialogs and transactions. An ended call's stay for a while, at most 32 s. On a thread known
 * to pj. */
EXPORTED void callapi_admission_count(unsigned counts[3])
{
    counts[0] = pjsua_call_get_count();
    counts[1] = pjsip_ua_get_dlg_set_count();
    counts[2] = pjsip_tsx_layer_get_tsx_count();
}

/* How many were refused since the process started. Any thread. */
EXPORTED unsigned long long callapi_admission_refused(void) { return refused; }
