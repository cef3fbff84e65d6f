// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suites: one table of cases for what C does and what Rust does, through nvkm's own entries.
 * A suite runs each case once with C and once with Rust; what is expected is the same.
 */
#include "rust_kunit.h"

#include <linux/err.h>

/* GSP-RM's functions and events (rm/r535/nvrm/rpcfn.h, msgfn.h). */
#define CONTROL 76
#define CONTINUATION 71
#define INIT_DONE 0x1001
#define SEQUENCER 0x1002
#define ERROR_LOG 0x1006
/* No event that anybody knows, and one that a test asks for. */
#define UNKNOWN 0x1fff
#define ASKED 0x1ffe

/* The longest payload of an element of 16 pages. */
#define MOST (0x10000 - NVKM_KUNIT_ELEMENT - NVKM_KUNIT_RPC)

enum nvkm_kunit_call {
	PUSH,	/* nvkm_gsp_rpc_push() */
	POLL,	/* r535_gsp_rpc_poll() */
	DRAIN,	/* what the interrupt's work does */
};

struct nvkm_kunit_case {
	const char *name;
	/* What is in the queue before the call. */
	struct nvkm_kunit_said said[4];
	enum nvkm_kunit_call call;
	u32 fn;
	u32 argc;
	enum nvkm_gsp_rpc_reply_policy policy;
	u32 repc;
	/* What comes of it: the errno, or the reply's first byte, if there is one. */
	int ret;
	u8 reply;
	/* Pages that were sent, and of messages that are left; calls of the test's handler. */
	u32 sent;
	u32 left;
	u32 events;
	/* A register, and what it holds at the end. */
	u32 addr;
	u32 value;
};

#define REPLY(r, s, b) { .fn = CONTROL, .result = (r), .size = (s), .fill = (b) }
#define SAYS(f, s, b) { .fn = (f), .size = (s), .fill = (b) }
#define SEQUENCE(w) { .fn = SEQUENCER, .size = sizeof(w), .words = (w) }

/* cmdIndex counts words of commands; then eight slots (rpc_run_cpu_sequencer_v17_00). */
static const u32 nvkm_kunit_writes[] = {
	10, 10, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0x1438, 0x11223344,		/* REG_WRITE */
	1, 0x1438, 0xffff, 0x5566,	/* REG_MODIFY */
	4, 0x1438, 7,			/* REG_STORE */
};

static const u32 nvkm_kunit_polls[] = {
	11, 11, 0, 0, 0, 0, 0, 0, 0, 0,
	2, 0x1438, 0, 0, 10, 0,		/* REG_POLL */
	3, 5,				/* DELAY_US */
	0, 0x1438, 0x77,
};

static const u32 nvkm_kunit_never[] = {
	9, 9, 0, 0, 0, 0, 0, 0, 0, 0,
	2, 0x1438, 1, 1, 10, 0,		/* A poll that sees nothing does not end the message. */
	0, 0x1438, 0x88,
};

static const u32 nvkm_kunit_odd[] = {
	4, 4, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0x1438, 0x99,
	9,				/* There is no such command. */
};

static const struct nvkm_kunit_case nvkm_kunit_cases[] = {
	/* rpc */
	{ "reply", { REPLY(0, 0x28, 0xa1) }, PUSH, CONTROL, 0x18, NVKM_GSP_RPC_REPLY_RECV, 0x10,
	  .reply = 0xa1, .sent = 1 },
	{ "reply of several pages", { REPLY(0, 0x3000, 0xa2) }, PUSH, CONTROL, 0x18,
	  NVKM_GSP_RPC_REPLY_RECV, 0x3000 - 0x20, .reply = 0xa2, .sent = 1 },
	{ "reply that nobody looks at", { REPLY(0, 0x28, 0xa3) }, PUSH, CONTROL, 0x18,
	  NVKM_GSP_RPC_REPLY_RECV, 0, .sent = 1 },
	{ "reply that is polled for", { REPLY(0, 0x28, 0xa4) }, PUSH, CONTROL, 0x18,
	  NVKM_GSP_RPC_REPLY_POLL, 0x10, .sent = 1 },
	{ "reply that nobody waits for", { REPLY(0, 0x28, 0xa5) }, PUSH, CONTROL, 0x18,
	  NVKM_GSP_RPC_REPLY_NOWAIT, 0x10, .sent = 1, .left = 1 },
	{ "command without a sequence number", {}, PUSH, CONTROL, 0x18, NVKM_GSP_RPC_REPLY_NOSEQ,
	  0, .sent = 1 },
	{ "command of several pages", { REPLY(0, 0x28, 0xa6) }, PUSH, CONTROL, 0x2fb0,
	  NVKM_GSP_RPC_REPLY_RECV, 0x10, .reply = 0xa6, .sent = 3 },
	{ "command of as many pages as an element has", { REPLY(0, 0x28, 0xa7) }, PUSH, CONTROL,
	  MOST, NVKM_GSP_RPC_REPLY_RECV, 0x10, .reply = 0xa7, .sent = 16 },
	{ "command with a continuation, and its reply",
	  { REPLY(0, MOST, 0xa8), SAYS(CONTINUATION, 0x100, 0xa9) }, PUSH, CONTROL, MOST + 0x100,
	  NVKM_GSP_RPC_REPLY_RECV, 0x10, .reply = 0xa8, .sent = 17 },
	{ "command with two continuations, without a reply", {}, PUSH, CONTROL, 2 * MOST + 8,
	  NVKM_GSP_RPC_REPLY_NOWAIT, 0, .sent = 33 },
	{ "result that is not 0", { REPLY(0x1f, 0x28, 0xaa) }, PUSH, CONTROL, 0x18,
	  NVKM_GSP_RPC_REPLY_RECV, 0x10, .ret = -EINVAL, .sent = 1 },
	{ "reply that is too short", { REPLY(0, 8, 0xab) }, PUSH, CONTROL, 0x18,
	  NVKM_GSP_RPC_REPLY_RECV, 0x40, .ret = -EIO, .sent = 1 },
	{ "event before the reply", { SAYS(ASKED, 0x20, 0xe1), REPLY(0, 0x28, 0xac) }, PUSH,
	  CONTROL, 0x18, NVKM_GSP_RPC_REPLY_RECV, 0x10, .reply = 0xac, .sent = 1, .events = 1 },
	{ "unknown event before the reply", { SAYS(UNKNOWN, 0x20, 0xe2), REPLY(0, 0x28, 0xad) },
	  PUSH, CONTROL, 0x18, NVKM_GSP_RPC_REPLY_RECV, 0x10, .reply = 0xad, .sent = 1 },
	{ "event behind the reply stays", { REPLY(0, 0x28, 0xae), SAYS(ASKED, 0x20, 0xe3) }, PUSH,
	  CONTROL, 0x18, NVKM_GSP_RPC_REPLY_RECV, 0x10, .reply = 0xae, .sent = 1, .left = 1 },
	{ "event that is waited for", { SAYS(INIT_DONE, 0, 0) }, POLL, INIT_DONE },
	{ "events on the way to the one that is waited for",
	  { SAYS(ASKED, 0x20, 0xe4), SAYS(ASKED, 0x1000, 0xe5), SAYS(INIT_DONE, 0, 0) }, POLL,
	  INIT_DONE, .events = 2 },
	{ "events that come by interrupt",
	  { SAYS(ASKED, 0x20, 0xe6), SAYS(UNKNOWN, 0x20, 0xe7), SAYS(ASKED, 0, 0) }, DRAIN,
	  .events = 2 },
	{ "event without a handler's function", { SAYS(0x100f, 0x20, 0xe8) }, DRAIN },
	/* boot */
	{ "sequencer: write, modify, store", { SEQUENCE(nvkm_kunit_writes) }, DRAIN,
	  .addr = 0x1438, .value = 0x11225566 },
	{ "sequencer: poll, delay, write", { SEQUENCE(nvkm_kunit_polls) }, DRAIN, .addr = 0x1438,
	  .value = 0x77 },
	{ "sequencer: poll that sees nothing", { SEQUENCE(nvkm_kunit_never) }, DRAIN,
	  .addr = 0x1438, .value = 0x88 },
	/* gsp */
	{ "error log, and a message behind it",
	  { SAYS(ERROR_LOG, 0x10c, 0), SAYS(ASKED, 8, 0xe9) }, DRAIN, .events = 1 },
};

/* A case, and who serves it. */
struct nvkm_kunit_param {
	const struct nvkm_kunit_case *what;
	bool rust;
};

static struct nvkm_kunit_param nvkm_kunit_params[2 * ARRAY_SIZE(nvkm_kunit_cases)];

static void
nvkm_kunit_describe(struct nvkm_kunit_param *param, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%s: %s", param->rust ? "Rust" : "C",
		 param->what->name);
}

KUNIT_ARRAY_PARAM(nvkm_kunit, nvkm_kunit_params, nvkm_kunit_describe);

/* Pages from one pointer to another. */
static u32
nvkm_kunit_pages(u32 from, u32 to, u32 cnt)
{
	return (to + cnt - from) % cnt;
}

static int
nvkm_kunit_push(struct kunit *test, struct nvkm_kunit *it, const struct nvkm_kunit_case *what)
{
	u8 *argv = nvkm_gsp_rpc_get(it->gsp, what->fn, what->argc);
	u8 *reply;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, argv);
	memset(argv, 0x5a, what->argc);
	reply = nvkm_gsp_rpc_push(it->gsp, argv, what->policy, what->repc);
	if (IS_ERR(reply))
		return PTR_ERR(reply);

	KUNIT_EXPECT_EQ(test, !!reply, !!what->reply);
	if (reply) {
		KUNIT_EXPECT_EQ(test, reply[0], what->reply);
		nvkm_gsp_rpc_done(it->gsp, reply);
	}
	return 0;
}

static void
nvkm_kunit_run(struct kunit *test)
{
	const struct nvkm_kunit_param *param = test->param_value;
	const struct nvkm_kunit_case *what = param->what;
	struct nvkm_kunit *it = nvkm_kunit_new(test, param->rust ? "rpc,boot,gsp" : "0", false);
	struct nvkm_gsp *gsp = it->gsp;
	u32 sent = *gsp->cmdq.wptr;
	int ret;

	for (int i = 0; i < NVKM_RUST_NR; i++)
		KUNIT_EXPECT_EQ(test, nvkm_rust_owns(gsp, i), param->rust && i != NVKM_RUST_FW);

	KUNIT_ASSERT_EQ(test, r535_gsp_msg_ntfy_add(gsp, ASKED, nvkm_kunit_event, it), 0);
	for (int i = 0; i < ARRAY_SIZE(what->said) && what->said[i].fn; i++)
		nvkm_kunit_say(it, &what->said[i]);

	switch (what->call) {
	case PUSH:
		ret = nvkm_kunit_push(test, it, what);
		break;
	case POLL:
		ret = r535_gsp_rpc_poll(gsp, what->fn);
		break;
	case DRAIN:
		ret = PTR_ERR_OR_ZERO(r535_gsp_msg_recv(gsp, 0, 0));
		break;
	}

	KUNIT_EXPECT_EQ(test, ret, what->ret);
	KUNIT_EXPECT_EQ(test, nvkm_kunit_pages(sent, *gsp->cmdq.wptr, gsp->cmdq.cnt), what->sent);
	KUNIT_EXPECT_EQ(test, nvkm_kunit_pages(*gsp->msgq.rptr, *gsp->msgq.wptr, gsp->msgq.cnt),
			what->left);
	KUNIT_EXPECT_EQ(test, it->events, what->events);
	if (what->addr)
		KUNIT_EXPECT_EQ(test, nvkm_kunit_read(it, what->addr), what->value);
}

/* The ring's end: many messages of three pages, so that they wrap at each page. */
static void
nvkm_kunit_wrap(struct kunit *test)
{
	static const char * const settings[] = { "0", "rpc" };

	for (int side = 0; side < ARRAY_SIZE(settings); side++) {
		struct nvkm_kunit *it = nvkm_kunit_new(test, settings[side], false);
		struct nvkm_gsp *gsp = it->gsp;

		KUNIT_ASSERT_EQ(test, r535_gsp_msg_ntfy_add(gsp, ASKED, nvkm_kunit_event, it), 0);
		for (u32 i = 0; i < 200; i++) {
			const struct nvkm_kunit_said said = {
				.fn = ASKED, .size = 0x2f00, .fill = i,
			};

			nvkm_kunit_say(it, &said);
			r535_gsp_msg_recv(gsp, 0, 0);
			KUNIT_ASSERT_EQ(test, it->events, i + 1);
			KUNIT_ASSERT_EQ(test, it->event_size, said.size);
			KUNIT_ASSERT_EQ(test, it->event_first, said.fill);
			KUNIT_ASSERT_EQ(test, *gsp->msgq.rptr, *gsp->msgq.wptr);
		}
	}
}

/* What C makes of what the test gives, and what Rust does, byte by byte. */
static void
nvkm_kunit_alike(struct kunit *test)
{
	struct nvkm_gsp *c = nvkm_kunit_new(test, "0", false)->gsp;
	struct nvkm_gsp *rust = nvkm_kunit_new(test, "rpc,boot,gsp", false)->gsp;
	u32 pages = *c->cmdq.wptr;

	/* The registry, as it was sent. */
	KUNIT_EXPECT_GT(test, pages, 0);
	KUNIT_EXPECT_EQ(test, pages, *rust->cmdq.wptr);
	KUNIT_EXPECT_MEMEQ(test, c->shm.cmdq.ptr + 0x1000, rust->shm.cmdq.ptr + 0x1000,
			   pages * 0x1000);
	KUNIT_EXPECT_EQ(test, c->cmdq.cnt, rust->cmdq.cnt);
	KUNIT_EXPECT_EQ(test, c->shm.ptes.nr, rust->shm.ptes.nr);
	KUNIT_EXPECT_EQ(test, c->libos.size, rust->libos.size);
	KUNIT_EXPECT_EQ(test, c->logrm.size, rust->logrm.size);
	KUNIT_EXPECT_EQ(test, c->rmargs.size, rust->rmargs.size);
}

/* Firmware: the same for files that are there. */
static void
nvkm_kunit_files(struct kunit *test)
{
	struct nvkm_kunit *devices[] = {
		nvkm_kunit_new(test, "0", true),
		nvkm_kunit_new(test, "fw", true),
	};
	struct nvkm_gsp *c, *rust;

	if (!devices[0] || !devices[1])
		kunit_skip(test, "no firmware of a TU104 here");

	c = devices[0]->gsp;
	rust = devices[1]->gsp;
	KUNIT_EXPECT_TRUE(test, nvkm_rust_owns(rust, NVKM_RUST_FW));
	KUNIT_ASSERT_EQ(test, c->fw.len, rust->fw.len);
	KUNIT_EXPECT_MEMEQ(test, c->fw.img, rust->fw.img, c->fw.len);
	KUNIT_ASSERT_EQ(test, c->sig.size, rust->sig.size);
	KUNIT_EXPECT_MEMEQ(test, c->sig.data, rust->sig.data, c->sig.size);
	KUNIT_ASSERT_EQ(test, c->boot.fw.size, rust->boot.fw.size);
	KUNIT_EXPECT_MEMEQ(test, c->boot.fw.data, rust->boot.fw.data, c->boot.fw.size);
	KUNIT_EXPECT_EQ(test, c->boot.code_offset, rust->boot.code_offset);
	KUNIT_EXPECT_EQ(test, c->boot.data_offset, rust->boot.data_offset);
	KUNIT_EXPECT_EQ(test, c->boot.manifest_offset, rust->boot.manifest_offset);
	KUNIT_EXPECT_EQ(test, c->boot.app_version, rust->boot.app_version);
	KUNIT_EXPECT_EQ(test, c->radix3.lvl0.size, rust->radix3.lvl0.size);
	KUNIT_EXPECT_EQ(test, c->radix3.lvl1.size, rust->radix3.lvl1.size);
	KUNIT_EXPECT_EQ(test, c->radix3.lvl2.orig_nents, rust->radix3.lvl2.orig_nents);
}

/* A message of which a part cannot be done: C does what is before it, Rust nothing, on purpose. */
static void
nvkm_kunit_nothing_of_it(struct kunit *test)
{
	const struct nvkm_kunit_said said = SEQUENCE(nvkm_kunit_odd);
	struct nvkm_kunit *c = nvkm_kunit_new(test, "0", false);
	struct nvkm_kunit *rust = nvkm_kunit_new(test, "rpc,boot", false);

	nvkm_kunit_say(c, &said);
	r535_gsp_msg_recv(c->gsp, 0, 0);
	KUNIT_EXPECT_EQ(test, nvkm_kunit_read(c, 0x1438), 0x99);
	nvkm_kunit_say(rust, &said);
	r535_gsp_msg_recv(rust->gsp, 0, 0);
	KUNIT_EXPECT_EQ(test, nvkm_kunit_read(rust, 0x1438), 0);
}

/* Memory that the device cannot reach: an error, nothing left, and it works when it can. */
static void
nvkm_kunit_no_dma(struct kunit *test)
{
	struct nvkm_kunit *it = nvkm_kunit_new(test, "1", true);
	struct nvkm_gsp_radix3 table = {};
	struct nvkm_gsp *gsp;

	if (!it)
		kunit_skip(test, "no firmware of a TU104 here");

	gsp = it->gsp;
	nvkm_kunit_reach(it, NVKM_KUNIT_NO_DMA, NVKM_KUNIT_DMA);
	KUNIT_EXPECT_LT(test, nvkm_rs_fw_radix3(gsp, &gsp->fw.mem.sgt, gsp->fw.len, &table), 0);
	nvkm_kunit_reach(it, NVKM_KUNIT_DMA, NVKM_KUNIT_NO_DMA);
	KUNIT_EXPECT_LT(test, nvkm_rs_fw_radix3(gsp, &gsp->fw.mem.sgt, gsp->fw.len, &table), 0);
	KUNIT_EXPECT_NULL(test, table.lvl0.data);
	KUNIT_EXPECT_NULL(test, table.lvl2.sgl);

	/* The arguments of libos and their logs are made once; let them be made again. */
	nvkm_gsp_mem_dtor(&gsp->libos);
	nvkm_kunit_reach(it, NVKM_KUNIT_NO_DMA, NVKM_KUNIT_NO_DMA);
	KUNIT_EXPECT_LT(test, nvkm_rs_boot_libos(gsp, NULL, false), 0);
	KUNIT_EXPECT_NULL(test, gsp->libos.data);

	nvkm_kunit_reach(it, NVKM_KUNIT_DMA, NVKM_KUNIT_DMA);
	KUNIT_ASSERT_EQ(test, nvkm_rs_fw_radix3(gsp, &gsp->fw.mem.sgt, gsp->fw.len, &table), 0);
	nvkm_gsp_sg_free(&it->device, &table.lvl2);
	nvkm_gsp_mem_dtor(&table.lvl1);
	nvkm_gsp_mem_dtor(&table.lvl0);
}

static int
nvkm_kunit_begin(struct kunit_suite *suite)
{
	for (int i = 0; i < ARRAY_SIZE(nvkm_kunit_params); i++) {
		nvkm_kunit_params[i].what = &nvkm_kunit_cases[i / 2];
		nvkm_kunit_params[i].rust = i & 1;
	}
	return 0;
}

static struct kunit_case nvkm_kunit_list[] = {
	KUNIT_CASE_PARAM(nvkm_kunit_run, nvkm_kunit_gen_params),
	KUNIT_CASE(nvkm_kunit_wrap),
	KUNIT_CASE(nvkm_kunit_alike),
	KUNIT_CASE(nvkm_kunit_files),
	KUNIT_CASE(nvkm_kunit_nothing_of_it),
	KUNIT_CASE(nvkm_kunit_no_dma),
	{}
};

static struct kunit_suite nvkm_kunit_suite = {
	.name = "nvkm-rust",
	.suite_init = nvkm_kunit_begin,
	.test_cases = nvkm_kunit_list,
};

kunit_test_suite(nvkm_kunit_suite);
