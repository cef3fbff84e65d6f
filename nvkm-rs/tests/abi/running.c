/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of reference.c that is about a running RM: what it answers and says, and which engine
 * an index means.
 */

/* As nouveau's functions of the versions have it: the kind, the number. */
static void
engine(unsigned int index, unsigned char out[2])
{
#define ENGINE(first, last, kind, number) do { \
	if (index >= (first) && index <= (last)) { \
		out[0] = (kind); \
		out[1] = index - (first) + (number); \
	} \
} while (0)
	out[0] = 0xff;
	out[1] = 0;
	ENGINE(MC_ENGINE_IDX_DISP, MC_ENGINE_IDX_DISP, 1, 0);
#if VERSION >= 570
	ENGINE(MC_ENGINE_IDX_DISP_LOW, MC_ENGINE_IDX_DISP_LOW, 1, 1);
	ENGINE(MC_ENGINE_IDX_CE0, MC_ENGINE_IDX_CE19, 2, 0);
	ENGINE(MC_ENGINE_IDX_NVENC, MC_ENGINE_IDX_NVENC3, 5, 0);
	ENGINE(MC_ENGINE_IDX_OFA0, MC_ENGINE_IDX_OFA1, 7, 0);
#else
	ENGINE(MC_ENGINE_IDX_CE0, MC_ENGINE_IDX_CE9, 2, 0);
#endif
#if VERSION < 550
	ENGINE(MC_ENGINE_IDX_MSENC, MC_ENGINE_IDX_MSENC2, 5, 0);
	ENGINE(MC_ENGINE_IDX_OFA0, MC_ENGINE_IDX_OFA0, 7, 0);
#endif
#if VERSION != 550 /* of which these are not known */
	ENGINE(MC_ENGINE_IDX_GSP, MC_ENGINE_IDX_GSP, 0, 0);
	ENGINE(MC_ENGINE_IDX_GR0, MC_ENGINE_IDX_GR0, 3, 0);
	ENGINE(MC_ENGINE_IDX_NVDEC0, MC_ENGINE_IDX_NVDEC7, 4, 0);
	ENGINE(MC_ENGINE_IDX_NVJPEG0, MC_ENGINE_IDX_NVJPEG7, 6, 0);
#endif
}

static void
engines(void)
{
	unsigned char out[1024][2];

	for (int i = 0; i < 1024; i++)
		engine(i, out[i]);
	print("engines", out, sizeof(out));
}

static void
masks(void)
{
	NV2080_CTRL_GPU_GET_FERMI_GPC_INFO_PARAMS gpc;
	NV2080_CTRL_GPU_GET_FERMI_TPC_INFO_PARAMS tpc;

	memset(&gpc, 0xee, sizeof(gpc));
	gpc.gpcMask = 0xc001;
	print("gpc", &gpc, sizeof(gpc));

	memset(&tpc, 0xee, sizeof(tpc));
	tpc.tpcMask = 0xc002;
	print("tpc", &tpc, sizeof(tpc));

	memset(&tpc, 0, sizeof(tpc));
	tpc.gpcId = 0xc003;
	print("tpc_question", &tpc, sizeof(tpc));
}

static void
gcx(void)
{
#if VERSION >= 570
	NV2080_CTRL_INTERNAL_GCX_ENTRY_PREREQUISITE_PARAMS params;

	memset(&params, 0, sizeof(params));
	params.bIsGCOFFSatisfied = 1;
	print("gcx", &params, sizeof(params));
#endif
}

static void
wpr_moved(void)
{
	GspFwWprMeta meta;

	memset(&meta, 0xee, sizeof(meta));
	meta.nonWprHeapOffset = 0xc004;
	meta.frtsOffset = 0xc005;
	print("wpr_moved", &meta, sizeof(meta));
}

static void
os_error(void)
{
	rpc_os_error_log_v17_00 log;

	memset(&log, 0xee, sizeof(log));
	log.exceptType = 0xc006;
	memcpy(log.errString, "an Xid", 7);
	print("os_error", &log, sizeof(log));
	memset(log.errString, 'x', sizeof(log.errString));
	print("os_error_endless", &log, sizeof(log));
}

/* What C reads through r535's types whatever the version is. */
#ifdef COMPLETE
static void
interrupts(void)
{
	NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS table;

	memset(&table, 0xee, sizeof(table));
	table.tableLen = NV2080_CTRL_INTERNAL_INTR_MAX_TABLE_SIZE;
	for (int i = 0; i < NV2080_CTRL_INTERNAL_INTR_MAX_TABLE_SIZE; i++) {
		table.table[i].engineIdx = 0xd000 + i;
		table.table[i].pmcIntrMask = 0xd1000 + i;
		table.table[i].vectorStall = 0xd2000 + i;
		table.table[i].vectorNonStall = 0xd3000 + i;
	}
	print("interrupts", &table, sizeof(table));
}

static void
memsys(void)
{
	NV2080_CTRL_INTERNAL_MEMSYS_GET_STATIC_CONFIG_PARAMS config;

	memset(&config, 0, sizeof(config));
	config.bUseRawModeComptaglineAllocation = 1;
	print("memsys", &config, sizeof(config));
}

static void
post_event(void)
{
	struct {
		rpc_post_event_v17_00 event;
		unsigned char more[5];
	} m;

	memset(&m, 0xee, sizeof(m));
	m.event.hClient = 0xc007;
	m.event.hEvent = 0xc008;
	m.event.notifyIndex = 0xc009;
	m.event.data = 0xc00a;
	m.event.status = 0xc00b;
	m.event.eventDataSize = 5;
	m.event.bNotifyList = 0x0c;
	memcpy(m.event.eventData, "\x01\x02\x03\x04\x05", 5);
	print("post_event", &m, sizeof(m.event) + 5);
}

/* Not in NVIDIA's headers as the kernel has them, but in rm/r535/gsp.c. */
struct rpc_ucode_libos_print_v1e_08 {
	u32 ucode_eng_desc;
	u32 libos_print_buf_size;
	u8 libos_print_buf[];
};

static void
libos_print(void)
{
	unsigned char data[sizeof(struct rpc_ucode_libos_print_v1e_08) + 3];
	struct rpc_ucode_libos_print_v1e_08 *print_ = (void *)data;

	print_->ucode_eng_desc = 0xf3d722 << 8 | 1;
	print_->libos_print_buf_size = 3;
	memcpy(print_->libos_print_buf, "pmu", 3);
	print("libos_print", data, sizeof(data));
}
#endif

static void
running(void)
{
	engines();
	masks();
	gcx();
	wpr_moved();
	os_error();
#ifdef COMPLETE
	interrupts();
	memsys();
	post_event();
	libos_print();
#endif
}
