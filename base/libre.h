/* libre.h - libre, through our fault points
 *
 * Include this, never <re.h>: allocations made by our code can then be failed
 * one by one by a test (base/fault.h).  Ownership rules are libre's: counted
 * references, mem_deref() of NULL is harmless, the destructor frees members.
 *
 * Only the parts we use: its SIP, SDP, URI, HTTP, WebSocket, JSON and conf
 * headers would claim names that are ours.
 */
#ifndef BASE_LIBRE_H
#define BASE_LIBRE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <re_types.h>
#include <re_fmt.h>
#include <re_mbuf.h>
#include <re_list.h>
#include <re_sa.h>
#include <re_base64.h>
#include <re_crc32.h>
#include <re_dns.h>
#include <re_hash.h>
#include <re_hmac.h>
#include <re_ice.h>
#include <re_lock.h>
#include <re_main.h>
#include <re_md5.h>
#include <re_mem.h>
#include <re_mqueue.h>
#include <re_net.h>
#include <re_rtp.h>
#include <re_srtp.h>
#include <re_stun.h>
#include <re_sys.h>
#include <re_tcp.h>
#include <re_telev.h>
#include <re_tmr.h>
#include <re_tls.h>
#include <re_turn.h>
#include <re_udp.h>

#ifndef HOLDFAST_RELEASE
#	include "base/fault.h"
#	define mem_alloc(size, destructor)  fault_mem_alloc(size, destructor)
#	define mem_zalloc(size, destructor) fault_mem_zalloc(size, destructor)
#	define mem_realloc(data, size)      fault_mem_realloc(data, size)
#endif

#endif
