/* trace_print.h - traced messages as JSON, ladder, pcap and HEP3 */
#ifndef PBX_TRACE_PRINT_H
#define PBX_TRACE_PRINT_H

#include "pbx/watch/trace.h"
#include "sip/build.h"

enum {
	TRACE_PCAP_HEAD = 24,
	TRACE_PACKET_MAX = 65000, /* octets of a message in a packet */
	TRACE_HEP_BYTES = 66000,
	TRACE_ENDS_MAX = 6, /* columns of a ladder */
};

void trace_json(struct sip_out *o, const struct trace_message *m,
		bool is_first);

/** Begin of a pcap file (raw IP), and one packet: IP and UDP are made up. */
void trace_pcap_head(struct sip_out *o);
void trace_pcap(struct sip_out *o, const struct trace_message *m);

/** A message for a collector; call_id may be empty. */
void trace_hep(struct sip_out *o, const struct trace_message *m,
	       struct span call_id);

/** Who takes part, collected before the ladder is written. */
struct trace_ladder {
	struct sa ends[TRACE_ENDS_MAX]; /* the last one stands for the rest */
	uint32_t count;
	uint64_t first_us;
};

void trace_ladder_meet(struct trace_ladder *l, const struct trace_message *m);
void trace_ladder_head(struct sip_out *o, const struct trace_ladder *l);
void trace_ladder_line(struct sip_out *o, const struct trace_ladder *l,
		       const struct trace_message *m);

#endif
