/* The gate: which requests the engine gets to see, and what the task says that it can do.
 *
 * pjsua answers a good deal without asking anybody: SUBSCRIBE with a subscription of 600 s and NOTIFYs to whatever
 * address the Contact names, MESSAGE with 200, INVITE with Replaces with the end of somebody's call. So whatever the
 * task does not take is answered here, behind the transactions and before the dialogs: nothing begins, no call is
 * touched, and the call in whose dialog it came goes on. docs/sip.md has the table.
 *
 * Allow, Supported, Accept and Allow-Events of everything that the engine sends come from one place each. They are
 * written here, and the methods that are taken are those that Allow names.
 *
 * Answers other than to INVITE are stateless (RFC 3261 8.2.7): they depend on nothing but the request, so that a
 * retransmission gets the same one, and a flood of them keeps no transaction for 32 s. */
#include <pjsua-lib/pjsua.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))
#define LEAST_INTERVAL 90 /* s, of a session timer: the engine's own, and the least that RFC 4028 5 allows */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const supported[] = {"100rel", "timer", "norefersub"};
static const char *const accepted[] = {"application/sdp", "application/dtmf-relay"};
static const char *const events[] = {"refer"}; /* a REFER subscribes to it (RFC 3515 2.4.4) */

static pjsip_endpoint *endpoint;
static pjsip_generic_array_hdr *allow, *supports, *accepts, *allow_events;

/* --- answers --- */

static void list(pjsip_hdr *headers, const void *header) { pj_list_push_back(headers, (void *)header); }

/* `more`: headers of the answer, NULL for none; they are copied. */
static pj_bool_t answer(pjsip_rx_data *request, int code, const pjsip_hdr *more)
{
    pj_status_t status = PJ_EINVALIDOP;
    /* An INVITE has its transaction: what names a call, or is full, may be different when it comes again. */
    if (request->msg_info.msg->line.req.method.id == PJSIP_INVITE_METHOD)
        status = pjsip_endpt_respond(endpoint, NULL, request, code, NULL, more, NULL, NULL);
    if (status != PJ_SUCCESS)
        pjsip_endpt_respond_stateless(endpoint, request, code, NULL, more, NULL);
    return PJ_TRUE;
}

static pj_bool_t answer_with(pjsip_rx_data *request, int code, const pjsip_generic_array_hdr *header)
{
    pjsip_hdr headers;
    pj_list_init(&headers);
    list(&headers, pjsip_hdr_clone(request->tp_info.pool, header));
    return answer(request, code, &headers);
}

/* RFC 3261 11.2: what an INVITE would get, and what we can do. */
static pj_bool_t answer_options(pjsip_rx_data *request)
{
    const pjsip_generic_array_hdr *const all[] = {allow, accepts, supports, allow_events};
    pjsip_hdr headers;
    pj_list_init(&headers);
    for (size_t i = 0; i < COUNT(all); i++)
        list(&headers, pjsip_hdr_clone(request->tp_info.pool, all[i]));
    return answer(request, PJSIP_SC_OK, &headers);
}

/* --- what a request asks for --- */

static int has(const pjsip_generic_array_hdr *header, const pj_str_t *value)
{
    for (unsigned i = 0; i < header->count; i++)
        if (pj_stricmp(&header->values[i], value) == 0)
            return 1;
    return 0;
}

static int is_method(const pjsip_rx_data *request, const char *name)
{
    return pj_strcmp2(&request->msg_info.msg->line.req.method.name, name) == 0; /* case counts: RFC 3261 7.1 */
}

static int is_taken(const pjsip_rx_data *request)
{
    for (unsigned i = 0; i < allow->count; i++)
        if (pj_strcmp(&allow->values[i], &request->msg_info.msg->line.req.method.name) == 0)
            return 1;
    return 0;
}

/* The dialog of ours that has these, NULL for none. An empty tag names none: a dialog that we began has it until it is
 * answered. */
static const pjsip_dialog *find(const pj_str_t *call_id, const pj_str_t *ours, const pj_str_t *theirs)
{
    return ours->slen > 0 && theirs->slen > 0 ? pjsip_ua_find_dialog(call_id, ours, theirs, PJ_FALSE) : NULL;
}

/* NULL: none, or none any more. */
static pjsip_inv_state state_of(const pjsip_dialog *dialog)
{
    const pjsip_inv_session *call = dialog != NULL ? pjsip_dlg_get_inv_session((pjsip_dialog *)dialog) : NULL;
    return call != NULL ? call->state : PJSIP_INV_STATE_NULL;
}

/* A dialog is there before its call when an INVITE goes out again after a challenge, and 32 s after it, as long as its
 * transactions. */
static int is_live(const pjsip_dialog *dialog)
{
    pjsip_inv_state state = state_of(dialog);
    return state >= PJSIP_INV_STATE_EARLY && state < PJSIP_INV_STATE_DISCONNECTED;
}

static const pjsip_dialog *dialog_of(const pjsip_rx_data *request)
{
    return find(&request->msg_info.cid->id, &request->msg_info.to->tag, &request->msg_info.from->tag);
}

/* The option tags of Require that we do not know (RFC 3261 8.2.2.3), as the Unsupported header of the answer. NULL:
 * there are none. */
static pjsip_generic_array_hdr *unsupported(pjsip_rx_data *request)
{
    pjsip_msg *message = request->msg_info.msg;
    pjsip_generic_array_hdr *unknown = pjsip_unsupported_hdr_create(request->tp_info.pool);
    const pjsip_generic_array_hdr *require = pjsip_msg_find_hdr(message, PJSIP_H_REQUIRE, NULL);
    for (; require != NULL; require = pjsip_msg_find_hdr(message, PJSIP_H_REQUIRE, require->next))
        for (unsigned i = 0; i < require->count && unknown->count < COUNT(unknown->values); i++)
            if (!has(supports, &require->values[i]))
                unknown->values[unknown->count++] = require->values[i];
    return unknown->count > 0 ? unknown : NULL;
}

/* --- Replaces --- */

static pj_str_t stripped(const char *from, const char *to)
{
    pj_str_t text;
    pj_strset(&text, (char *)from, (pj_size_t)(to - from));
    return *pj_strtrim(&text);
}

/* `value`: call-id *( ";" name "=" value ) (RFC 3891 6.1), from a stranger: whatever else it is names no dialog. */
static int names_a_dialog(const pj_str_t *value)
{
    pj_str_t call_id = {NULL, 0}, to = {NULL, 0}, from = {NULL, 0};
    const char *at = value->ptr, *end = value->ptr + value->slen;
    while (at < end) {
        const char *next = memchr(at, ';', (size_t)(end - at)), *stop = next != NULL ? next : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        if (at == value->ptr) {
            call_id = stripped(at, stop);
        } else if (equals != NULL) {
            pj_str_t name = stripped(at, equals), given = stripped(equals + 1, stop);
            if (pj_stricmp2(&name, "to-tag") == 0)
                to = given;
            else if (pj_stricmp2(&name, "from-tag") == 0)
                from = given;
        }
        at = stop + 1;
    }
    return is_live(find(&call_id, &to, &from)) || is_live(find(&call_id, &from, &to));
}

/* Whether the INVITE wants to take the place of a call of ours. The header is taken away: nobody is to act on it. */
static int replaces_a_call(pjsip_rx_data *request)
{
    const pj_str_t name = {"Replaces", 8};
    pjsip_msg *message = request->msg_info.msg;
    pjsip_generic_string_hdr *header, *next;
    int found = 0;
    header = pjsip_msg_find_hdr_by_name(message, &name, NULL);
    for (; header != NULL; header = next) {
        next = pjsip_msg_find_hdr_by_name(message, &name, header->next);
        found |= names_a_dialog(&header->hvalue); /* unparsed text: see replaces.patch */
        pj_list_erase(header);
    }
    return found;
}

/* --- INFO --- */

/* A key as application/dtmf-relay is all that we take from an INFO. One without a body asks whether we are there
 * (RFC 2976 2.2); an Info-Package is none of ours (RFC 6086 4.2.2). PJ_FALSE: the engine answers it. */
static pj_bool_t judge_info(pjsip_rx_data *request)
{
    const pj_str_t package = {"Info-Package", 12}, packages = {"Recv-Info", 9}, none = {"", 0};
    const pjsip_msg_body *body = request->msg_info.msg->body;
    if (pjsip_msg_find_hdr_by_name(request->msg_info.msg, &package, NULL) != NULL) {
        pjsip_hdr headers;
        pj_list_init(&headers);
        list(&headers, pjsip_generic_string_hdr_create(request->tp_info.pool, &packages, &none));
        return answer(request, 469, &headers);
    }
    if (body == NULL || body->len == 0)
        return answer(request, PJSIP_SC_OK, NULL);
    if (pj_stricmp2(&body->content_type.type, "application") == 0 &&
        pj_stricmp2(&body->content_type.subtype, "dtmf-relay") == 0)
        return PJ_FALSE;
    return answer_with(request, PJSIP_SC_UNSUPPORTED_MEDIA_TYPE, accepts);
}

/* --- the gate --- */

/* A call that is over, or not begun, gets nothing: the engine would never answer an INVITE in it, and would keep its
 * transaction for ever. It answers a BYE to one that is over, for those that cross; and it has reliable responses to be
 * acknowledged only where it was called (RFC 3262 3). */
static pj_bool_t judge_in_dialog(pjsip_rx_data *request, const pjsip_dialog *dialog)
{
    if (is_method(request, "BYE") && state_of(dialog) >= PJSIP_INV_STATE_EARLY)
        return PJ_FALSE;
    if (!is_live(dialog) || (is_method(request, "PRACK") && dialog->role == PJSIP_ROLE_UAC))
        return answer(request, PJSIP_SC_CALL_TSX_DOES_NOT_EXIST, NULL);
    if (is_method(request, "OPTIONS"))
        return answer_options(request);
    if (is_method(request, "INFO"))
        return judge_info(request);
    return PJ_FALSE;
}

/* An interval below ours gets 422 (RFC 4028 9) before there is a call that the application would be asked about. */
static pj_bool_t judge_invite(pjsip_rx_data *request)
{
    const pj_str_t name = {"Session-Expires", 15}, compact = {"x", 1}, least = {"Min-SE", 6}, seconds = {"90", 2};
    const pjsip_sess_expires_hdr *interval =
        pjsip_msg_find_hdr_by_names(request->msg_info.msg, &name, &compact, NULL);
    pjsip_hdr headers;
    if (interval == NULL || interval->sess_expires >= LEAST_INTERVAL)
        return PJ_FALSE;
    pj_list_init(&headers);
    list(&headers, pjsip_generic_string_hdr_create(request->tp_info.pool, &least, &seconds));
    return answer(request, PJSIP_SC_SESSION_TIMER_TOO_SMALL, &headers);
}

/* No To tag: only an INVITE, an OPTIONS and a REGISTER begin something. */
static pj_bool_t judge_outside(pjsip_rx_data *request)
{
    if (is_method(request, "INVITE"))
        return judge_invite(request);
    if (is_method(request, "REGISTER"))
        return PJ_FALSE;
    if (is_method(request, "OPTIONS"))
        return answer_options(request);
    if (is_method(request, "REFER"))
        return answer(request, PJSIP_SC_DECLINE, NULL);
    return answer(request, PJSIP_SC_CALL_TSX_DOES_NOT_EXIST, NULL);
}

/* A 481 inside a call would make some telephones drop it (RFC 5057 5.1), and of the events that we know of none is
 * told to us. */
static pj_bool_t judge_notify(pjsip_rx_data *request)
{
    if (!is_live(dialog_of(request)))
        return answer(request, PJSIP_SC_CALL_TSX_DOES_NOT_EXIST, NULL);
    return answer_with(request, PJSIP_SC_BAD_EVENT, allow_events);
}

static pj_bool_t on_rx_request(pjsip_rx_data *request)
{
    pjsip_generic_array_hdr *unknown;
    const pjsip_dialog *dialog;
    if (is_method(request, "CANCEL"))
        return PJ_FALSE;
    if (is_method(request, "ACK"))
        return dialog_of(request) == NULL; /* there is no answer to an ACK */
    if (is_method(request, "NOTIFY"))
        return judge_notify(request);
    if (!is_taken(request))
        return answer_with(request, PJSIP_SC_METHOD_NOT_ALLOWED, allow);
    /* A BYE ends the call whatever it requires: who sent it has gone. */
    unknown = is_method(request, "BYE") ? NULL : unsupported(request);
    if (unknown != NULL)
        return answer_with(request, PJSIP_SC_BAD_EXTENSION, unknown);
    if (is_method(request, "INVITE") && replaces_a_call(request))
        return answer(request, PJSIP_SC_FORBIDDEN, NULL);
    if (request->msg_info.to->tag.slen == 0)
        return judge_outside(request);
    /* The engine would take any tag for that of a callee who has not answered yet: the dialog would be that stranger's, and
     * a request in it would never be answered, its transaction kept for ever. */
    dialog = dialog_of(request);
    return dialog != NULL ? judge_in_dialog(request, dialog) : answer(request, PJSIP_SC_CALL_TSX_DOES_NOT_EXIST, NULL);
}

static pjsip_module module = {
    .name = {"callapi-methods", 15},
    .id = -1,
    .priority = PJSIP_MOD_PRIORITY_UA_PROXY_LAYER - 6, /* behind the transactions and the registrar */
    .on_rx_request = &on_rx_request,
};

/* --- the start --- */

static void write_values(pjsip_generic_array_hdr *header, const char *const values[], size_t count)
{
    for (header->count = 0; header->count < count; header->count++)
        header->values[header->count] = pj_str((char *)values[header->count]);
}

/* `methods`: their names, separated by commas. A copy stays: the header points into it. */
static void write_methods(const char *methods)
{
    char *rest = strdup(methods), *name;
    for (allow->count = 0; rest != NULL && allow->count < COUNT(allow->values);)
        if ((name = strsep(&rest, ",")) != NULL)
            allow->values[allow->count++] = pj_str(name);
}

/* Take the methods of Allow from now on, and no others. Call it after libInit, on a thread known to pj; twice is
 * harmless. Returns a pj_status_t. */
EXPORTED int callapi_methods_start(const char *methods)
{
    endpoint = pjsua_get_pjsip_endpt();
    if (endpoint == NULL)
        return PJ_EINVALIDOP;
    if (module.id != -1)
        return PJ_SUCCESS;
    allow = (pjsip_generic_array_hdr *)pjsip_endpt_get_capability(endpoint, PJSIP_H_ALLOW, NULL);
    supports = (pjsip_generic_array_hdr *)pjsip_endpt_get_capability(endpoint, PJSIP_H_SUPPORTED, NULL);
    accepts = (pjsip_generic_array_hdr *)pjsip_endpt_get_capability(endpoint, PJSIP_H_ACCEPT, NULL);
    allow_events = (pjsip_generic_array_hdr *)pjsip_evsub_get_allow_events_hdr(NULL);
    if (allow == NULL || supports == NULL || accepts == NULL || allow_events == NULL)
        return PJ_ENOTFOUND;
    write_methods(methods);
    write_values(supports, supported, COUNT(supported));
    write_values(accepts, accepted, COUNT(accepted));
    write_values(allow_events, events, COUNT(events));
    return pjsip_endpt_register_module(endpoint, &module);
}
