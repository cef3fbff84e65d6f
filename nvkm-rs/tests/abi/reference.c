/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What C writes and reads, through NVIDIA's own structures as the C compiler lays them out: the
 * reference for nvkm-rs/abi/. Compiled once a version (VERSION, HEADER); prints one line a
 * structure, its name and its bytes in hexadecimal. Every value is a different one, so that no two
 * fields can be taken for each other. With COMPLETE also those structures that a version may
 * inherit (nvkm-rs/abi/core/versions.rs).
 */
#include HEADER

#ifndef GSP_FW_SR_META_MAGIC /* C takes them from r535 for all versions. */
#define GSP_FW_SR_META_MAGIC 0x8a3bb9e6c6c39d93ULL
#define GSP_FW_SR_META_REVISION 2
#endif

typedef unsigned long size_t;
int printf(const char *, ...);
void *memset(void *, int, size_t);
void *memcpy(void *, const void *, size_t);

static void
print(const char *name, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	printf("%s ", name);
	for (size_t i = 0; i < size; i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

static void
wpr_meta(void)
{
	GspFwWprMeta meta;

	memset(&meta, 0, sizeof(meta));
	meta.magic = GSP_FW_WPR_META_MAGIC;
	meta.revision = GSP_FW_WPR_META_REVISION;
	meta.sysmemAddrOfRadix3Elf = 0x1001;
	meta.sizeOfRadix3Elf = 0x1002;
	meta.sysmemAddrOfBootloader = 0x1003;
	meta.sizeOfBootloader = 0x1004;
	meta.bootloaderCodeOffset = 0x1005;
	meta.bootloaderDataOffset = 0x1006;
	meta.bootloaderManifestOffset = 0x1007;
	meta.sysmemAddrOfSignature = 0x1008;
	meta.sizeOfSignature = 0x1009;
	meta.gspFwRsvdStart = 0x100a;
	meta.nonWprHeapOffset = 0x100b;
	meta.nonWprHeapSize = 0x100c;
	meta.gspFwWprStart = 0x100d;
	meta.gspFwHeapOffset = 0x100e;
	meta.gspFwHeapSize = 0x100f;
	meta.gspFwOffset = 0x1010;
	meta.bootBinOffset = 0x1011;
	meta.frtsOffset = 0x1012;
	meta.frtsSize = 0x1013;
	meta.gspFwWprEnd = 0x1014;
	meta.fbSize = 0x1015;
	meta.vgaWorkspaceOffset = 0x1016;
	meta.vgaWorkspaceSize = 0x1017;
#if VERSION >= 570
	meta.pmuReservedSize = 0x1018;
#endif
	print("wpr_meta", &meta, sizeof(meta));
}

static void
sr_meta(void)
{
	GspFwSRMeta meta;

	memset(&meta, 0, sizeof(meta));
	meta.magic = GSP_FW_SR_META_MAGIC;
	meta.revision = GSP_FW_SR_META_REVISION;
	meta.sysmemAddrOfSuspendResumeData = 0x2001;
	meta.sizeOfSuspendResumeData = 0x2002;
	print("sr_meta", &meta, sizeof(meta));
}

static void
rm_args(int resume)
{
	GSP_ARGUMENTS_CACHED args;

	memset(&args, 0, sizeof(args));
	args.messageQueueInitArguments.sharedMemPhysAddr = 0x3001;
	args.messageQueueInitArguments.pageTableEntryCount = 0x3002;
	args.messageQueueInitArguments.cmdQueueOffset = 0x3003;
	args.messageQueueInitArguments.statQueueOffset = 0x3004;
	if (resume) {
		args.srInitArguments.oldLevel = 3;
#if VERSION >= 570
		args.srInitArguments.flags = GPU_STATE_FLAGS_PRESERVING |
					     GPU_STATE_FLAGS_PM_TRANSITION;
#endif
		args.srInitArguments.bInPMTransition = 1;
	}
#if VERSION >= 570
	args.bDmemStack = 1;
#endif
	print(resume ? "rm_args_resume" : "rm_args", &args, sizeof(args));
}

#ifdef COMPLETE
static void
libos(void)
{
	LibosMemoryRegionInitArgument region;

	memset(&region, 0, sizeof(region));
	region.id8 = 0x4c4f47494e4954ULL; /* LOGINIT */
	region.pa = 0x4001;
	region.size = 0x4002;
	region.kind = LIBOS_MEMORY_REGION_CONTIGUOUS;
	region.loc = LIBOS_MEMORY_REGION_LOC_SYSMEM;
	print("libos", &region, sizeof(region));
}

static void
unloading(int suspend)
{
	rpc_unloading_guest_driver_v1F_07 rpc;

	memset(&rpc, 0, sizeof(rpc));
	rpc.bInPMTransition = suspend;
	rpc.newLevel = suspend ? NV2080_CTRL_GPU_SET_POWER_STATE_GPU_LEVEL_3 :
				 NV2080_CTRL_GPU_SET_POWER_STATE_GPU_LEVEL_0;
	print(suspend ? "unloading_suspend" : "unloading", &rpc, sizeof(rpc));
}

#endif

static void
system_info(void)
{
	GspSystemInfo info;

	memset(&info, 0, sizeof(info));
	info.gpuPhysAddr = 0x5001;
	info.gpuPhysFbAddr = 0x5002;
	info.gpuPhysInstAddr = 0x5003;
	info.nvDomainBusDeviceFunc = 0x5004;
	info.maxUserVa = 0x5005;
	info.pciConfigMirrorBase = 0x5006;
	info.pciConfigMirrorSize = 0x5007;
	info.acpiMethodData.bValid = 1;
	info.acpiMethodData.dodMethodData.status = 0x5101;
	info.acpiMethodData.dodMethodData.acpiIdListLen = 2 * sizeof(NvU32);
	info.acpiMethodData.dodMethodData.acpiIdList[0] = 0x5102;
	info.acpiMethodData.dodMethodData.acpiIdList[1] = 0x5103;
#if VERSION < 570
	info.acpiMethodData.muxMethodData.tableLen = 2;
	info.acpiMethodData.muxMethodData.acpiIdMuxModeTable[1].acpiId = 0x5104;
	info.acpiMethodData.muxMethodData.acpiIdMuxModeTable[1].mode = 0x5105;
	info.acpiMethodData.muxMethodData.acpiIdMuxModeTable[1].status = 0x5106;
	info.acpiMethodData.muxMethodData.acpiIdMuxPartTable[1].acpiId = 0x5107;
	info.acpiMethodData.muxMethodData.acpiIdMuxPartTable[1].mode = 0x5108;
	info.acpiMethodData.muxMethodData.acpiIdMuxPartTable[1].status = 0x5109;
#endif
	info.acpiMethodData.jtMethodData.status = 0x510a;
	info.acpiMethodData.jtMethodData.jtCaps = 0x510b;
	info.acpiMethodData.jtMethodData.jtRevId = 0x510c;
	info.acpiMethodData.capsMethodData.status = 0x510d;
	info.acpiMethodData.capsMethodData.optimusCaps = 0x510e;
#if VERSION >= 570
	info.PCIDeviceID = 0x5008;
	info.PCISubDeviceID = 0x5009;
	info.PCIRevisionID = 0x500a;
	info.bIsPrimary = 1;
#endif
	print("system_info", &info, sizeof(info));
}

#ifdef COMPLETE
static void
registry(void)
{
	static const char key0[] = "RMSecBusResetEnable", key1[] = "B", key2[] = "T";
	unsigned char data[256];
	PACKED_REGISTRY_TABLE *table = (void *)data;
	PACKED_REGISTRY_ENTRY *entries = (void *)(data + sizeof(*table));
	size_t at = sizeof(*table) + 3 * sizeof(*entries);

	memset(data, 0, sizeof(data));
	table->numEntries = 3;

	entries[0].type = 1; /* REGISTRY_TABLE_ENTRY_TYPE_DWORD */
	entries[0].length = 4;
	entries[0].data = 0x6001;
	entries[0].nameOffset = at;
	memcpy(data + at, key0, sizeof(key0));
	at += sizeof(key0);

	entries[1].type = 2; /* _BINARY */
	entries[1].length = 3;
	entries[1].nameOffset = at;
	memcpy(data + at, key1, sizeof(key1));
	at += sizeof(key1);
	memcpy(data + at, "\x01\x02\x03", 3);
	entries[1].data = at;
	at += 3;

	entries[2].type = 3; /* _STRING */
	entries[2].length = 3;
	entries[2].nameOffset = at;
	memcpy(data + at, key2, sizeof(key2));
	at += sizeof(key2);
	memcpy(data + at, "ab", 3);
	entries[2].data = at;
	at += 3;

	table->size = at;
	print("registry", data, at);
}

#endif

static void
static_info(void)
{
	GspStaticConfigInfo info;

	memset(&info, 0xee, sizeof(info));
	info.hInternalClient = 0x7001;
	info.hInternalDevice = 0x7002;
	info.hInternalSubdevice = 0x7003;
	info.bar1PdeBase = 0x7004;
	info.bar2PdeBase = 0x7005;
	info.fbRegionInfoParams.numFBRegions = 2;
	for (int i = 0; i < 2; i++) {
		info.fbRegionInfoParams.fbRegion[i].base = 0x7100 + i;
		info.fbRegionInfoParams.fbRegion[i].limit = 0x7110 + i;
		info.fbRegionInfoParams.fbRegion[i].reserved = 0x7120 + i;
		info.fbRegionInfoParams.fbRegion[i].performance = 0x7130 + i;
		info.fbRegionInfoParams.fbRegion[i].supportCompressed = !i;
		info.fbRegionInfoParams.fbRegion[i].supportISO = i;
		info.fbRegionInfoParams.fbRegion[i].bProtected = !i;
	}
#if VERSION >= 570
	info.fwWprLayoutOffset.nonWprHeapOffset = 0x7006;
	info.fwWprLayoutOffset.frtsOffset = 0x7007;
#else
	info.gpcInfo.gpcMask = 0x5;
	for (int i = 0; i < 32; i++)
		info.tpcInfo[i].tpcMask = 0xff << i;
#endif
	print("static_info", &info, sizeof(info));
}

#ifdef COMPLETE
static void
ucode_desc(void)
{
	RM_RISCV_UCODE_DESC desc;

	memset(&desc, 0xee, sizeof(desc));
	desc.appVersion = 0x8001;
	desc.monitorCodeOffset = 0x8002;
	desc.monitorDataOffset = 0x8003;
	desc.manifestOffset = 0x8004;
	print("ucode_desc", &desc, sizeof(desc));
}

#endif

static void
fmc(void)
{
#if VERSION >= 550
	GSP_FMC_BOOT_PARAMS params;

	memset(&params, 0, sizeof(params));
	params.bootGspRmParams.gspRmDescOffset = 0x9001;
	params.bootGspRmParams.gspRmDescSize = 0x9002;
	params.bootGspRmParams.target = GSP_DMA_TARGET_COHERENT_SYSTEM;
	params.bootGspRmParams.bIsGspRmBoot = 1;
	params.gspRmParams.target = GSP_DMA_TARGET_NONCOHERENT_SYSTEM;
	params.gspRmParams.bootArgsOffset = 0x9003;
	print("fmc", &params, sizeof(params));
#endif
}

#ifdef COMPLETE
static void
framing(void)
{
	struct {
		GSP_MSG_QUEUE_ELEMENT element;
	} m;
	msgqTxHeader tx;

	memset(&m, 0, sizeof(m));
	m.element.checkSum = 0xa001;
	m.element.seqNum = 0xa002;
	m.element.elemCount = 0xa003;
	m.element.rpc.header_version = 0xa004;
	m.element.rpc.signature = 0xa005;
	m.element.rpc.length = 0xa006;
	m.element.rpc.function = 0xa007;
	m.element.rpc.rpc_result = 0xa008;
	m.element.rpc.rpc_result_private = 0xa009;
	m.element.rpc.sequence = 0xa00a;
	m.element.rpc.u.spare = 0xa00b;
	print("element", &m, sizeof(m));

	memset(&tx, 0, sizeof(tx));
	tx.version = 0xb001;
	tx.size = 0xb002;
	tx.msgSize = 0xb003;
	tx.msgCount = 0xb004;
	tx.writePtr = 0xb005;
	tx.flags = 0xb006;
	tx.rxHdrOff = 0xb007;
	tx.entryOff = 0xb008;
	print("queue", &tx, sizeof(tx));
}

#endif

#include "running.c"

int
main(void)
{
	wpr_meta();
	sr_meta();
	rm_args(0);
	rm_args(1);
	system_info();
	static_info();
	fmc();
	running();
#ifdef COMPLETE
	libos();
	unloading(0);
	unloading(1);
	registry();
	ucode_desc();
	framing();
#endif
	return 0;
}
