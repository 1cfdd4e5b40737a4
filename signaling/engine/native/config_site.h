/* Compiled limits of the SIP engine. pjsua clamps UaConfig.maxCalls to PJSUA_MAX_CALLS silently, and its
 * default is 4: what one task may hold is decided here. tests/signaling/test_engine_build.py holds them. */
#define PJSUA_MAX_CALLS             1024
#define PJSUA_MAX_ACC               256
#define PJSUA_MAX_PLAYERS           1024
#define PJSUA_MAX_RECORDERS         1024
#define PJSUA_MAX_CONF_PORTS        4096
/* Two RTP/RTCP sockets per call, TCP and TLS connections beside them (epoll has no limit of its own). */
#define PJ_IOQUEUE_MAX_HANDLES      8192
/* Of the form 2^n - 1, as the hash tables want it. An ended INVITE transaction stays for 32 s (timer D, J),
 * so 400 two-legged calls a second keep 25,600 transactions alive. */
#define PJSIP_MAX_TSX_COUNT         32767
#define PJSIP_MAX_DIALOG_COUNT      32767
/* Up to 1,024 characters of custom headers per leg, and proxies add their own. Default: 4000. */
#define PJSIP_MAX_PKT_LEN           8000
/* An INVITE with custom headers is soon over 1,300 bytes. The product's rule is UDP unless the URI says otherwise
 * (a callee that listens on UDP only must not lose a call to RFC 3261 18.1.1). */
#define PJSIP_DONT_SWITCH_TO_TCP    1
/* A burst waits in the socket while the loop is busy; the kernel's default holds about a hundred messages. The kernel
 * cuts it to net.core.rmem_max. */
#define PJSIP_UDP_SO_RCVBUF_SIZE    4194304
/* Callees at IPv6 addresses; the task listens there only when SIP_HOST6 is set. */
#define PJ_HAS_IPV6                 1
/* A second stale=true for one request ends it: the first one has had its answer (see one-answer.patch). */
#define PJSIP_MAX_STALE_COUNT       2
