// SPDX-License-Identifier: GPL-2.0

use std::collections::BTreeSet;
use std::path::Path;

use crate::decide::{self, Rank};
use crate::diff::{self, Class, Diff, State};
use crate::dwarf::{self, Wanted};
use crate::kernel::{self, Tree};
use crate::model::{Constant, Kind, Model};
use crate::new::{self, Inherited};
use crate::probe::Probe;
use crate::{header, open, report, source};

/// A model of C text.
fn model(version: &str, kind: Kind, text: &str) -> Model {
    let mut probe = Probe::new(Path::new("."), Vec::new()).unwrap();
    probe.text = text.into();
    let mut model = Model::new(version, kind);
    probe.types(None, &mut model).unwrap();
    let names = text
        .lines()
        .filter_map(|l| l.strip_prefix("#define ")?.split([' ', '(']).next());
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    model.defines = probe.constants(&names).unwrap();
    model
}

const OLD: &str = "
typedef unsigned char U8;
typedef unsigned int U32;
typedef unsigned long long U64;
typedef unsigned int Handle;
#define SIZE 4
#define MASK (~0U)
#define WHOLE 0xdc3aae21371a60b3ULL
#define RANGE 7:4
#define ALIAS SIZE
#define TEXT \"no number\"
#define CALL(x) (x)
#define TYPE unsigned int
#define EMPTY
enum { NV_VGPU_MSG_FUNCTION_NOP, NV_VGPU_MSG_FUNCTION_FREE, NV_VGPU_MSG_EVENT_DONE = 0x1001 };
typedef enum { KIND_A, KIND_B = 0xff, KIND_C = -1 } Kind;
struct bits { U32 idr:2; U32 rest:14; U32 length:16; union { U64 pte; U64 pde; } entry[] __attribute__((aligned(8))); };
typedef struct Info_t {
	U8 name[SIZE];
	Handle handle;
	union { struct { U64 address; U64 size; }; struct { U32 offset; U32 unused; U64 more; }; };
	struct { U64 pa; Kind kind; } nested;
	U64 table[2][3];
	void *pointer;
} Info;
typedef struct { U8 version; U32 size; } __attribute__((packed)) Packed;
typedef struct { U32 a; U32 b; __attribute__((aligned(16))) Info info; U8 tail; } Outer;
typedef struct { U32 count; U32 entries[]; } Flexible;
";

fn changed(from: &str, to: &str) -> Model {
    assert!(OLD.contains(from), "{from}");
    model("new", Kind::Open, &OLD.replace(from, to))
}

fn compare(from: &str, to: &str) -> Diff {
    diff::compare(&model("old", Kind::Open, OLD), &changed(from, to))
}

/// States of a struct's fields.
fn states(diff: &Diff, name: &str) -> Vec<(String, Vec<State>)> {
    let item = diff.items.iter().find(|i| i.name == name).unwrap();
    item.fields
        .iter()
        .map(|f| (f.path.clone(), f.states.clone()))
        .collect()
}

#[test]
fn debug_information_is_read() {
    let m = model("old", Kind::Open, OLD);
    let info = m.record("Info").unwrap();
    assert_eq!((info.size, m.record_align(info)), (96, 8));
    assert_eq!(m.record("Info_t"), Some(info));
    let flat: Vec<(String, u64, u64, String)> = m
        .flatten(info)
        .into_iter()
        .map(|f| (f.path, f.offset, f.size, f.ty))
        .collect();
    let expect =
        |path: &str, offset, size, ty: &str| (path.to_owned(), offset, size, ty.to_owned());
    assert_eq!(flat[0], expect("name", 0, 4, "unsigned char[4]"));
    assert_eq!(flat[1], expect("handle", 4, 4, "unsigned int"));
    assert_eq!(flat[2], expect("address", 8, 8, "long long unsigned int"));
    assert_eq!(flat[4], expect("offset", 8, 4, "unsigned int"));
    assert_eq!(flat[8], expect("nested.kind", 32, 4, "Kind"));
    assert_eq!(
        flat[9],
        expect("table", 40, 48, "long long unsigned int[2][3]")
    );
    assert_eq!(m.record("Packed").unwrap().size, 5);
    assert_eq!(m.record("Outer").unwrap().fields[2].offset, 16);
    let bits = m.flatten(m.record("bits").unwrap());
    assert_eq!(
        (bits[1].bits, bits[2].bits),
        (Some((2, 14)), Some((16, 16)))
    );
    let values = m.enumerators();
    assert_eq!((values["KIND_B"], values["KIND_C"]), (0xff, -1));
    assert_eq!(values["NV_VGPU_MSG_EVENT_DONE"], 0x1001);
}

#[test]
fn macros_are_evaluated_or_left_out() {
    let m = model("old", Kind::Open, OLD);
    let names: Vec<&str> = m.defines.keys().map(String::as_str).collect();
    assert_eq!(names, ["ALIAS", "MASK", "RANGE", "SIZE", "WHOLE"]);
    assert_eq!(m.defines["MASK"], Constant::Number(0xffff_ffff));
    assert_eq!(m.defines["WHOLE"], Constant::Number(0xdc3a_ae21_371a_60b3));
    assert_eq!(m.defines["RANGE"], Constant::Bits { high: 7, low: 4 });
}

#[test]
fn only_what_is_wanted_is_read_of_an_object() {
    let mut probe = Probe::new(Path::new("."), Vec::new()).unwrap();
    probe.text = format!("{OLD}\nint f(void) {{ return 0; }}\n");
    let args = [
        "-c",
        "-g",
        "-fno-eliminate-unused-debug-types",
        "-ffunction-sections",
    ];
    let object = probe.compile("", &args).unwrap().unwrap();
    let types = BTreeSet::from(["Outer".to_owned()]);
    let wanted = Wanted {
        types,
        ..Wanted::default()
    };
    let mut m = Model::new("object", Kind::Object);
    dwarf::read(&object, Some(&wanted), &mut m).unwrap();
    let names: Vec<String> = m.record_names().into_iter().collect();
    assert_eq!(names, ["Info", "Outer"]);
    assert!(m.enumerators().contains_key("NV_VGPU_MSG_FUNCTION_FREE"));
    std::fs::write(probe.file("text"), "no object").unwrap();
    assert!(dwarf::read(&probe.file("text"), None, &mut m).is_err());
}

#[test]
fn nothing_changed_is_the_same() {
    let diff = compare("#define CALL(x) (x)", "#define CALL(x) (x)");
    assert!(diff.items.is_empty(), "{:?}", diff.items);
    assert_eq!(diff.count(Class::Struct, State::Same), 5);
    assert_eq!(diff.count(Class::Function, State::Same), 2);
}

#[test]
fn a_field_added_moves_those_behind_it() {
    let diff = compare("\tHandle handle;", "\tHandle handle; U64 more_room;");
    let states = states(&diff, "Info");
    assert!(
        states.contains(&("more_room".into(), vec![State::Added])),
        "{states:?}"
    );
    assert!(
        states.contains(&("nested.pa".into(), vec![State::Moved])),
        "{states:?}"
    );
    assert!(!states
        .iter()
        .any(|(path, _)| path == "name" || path == "handle"));
    assert_eq!(
        diff.structs[&State::Resized],
        1,
        "what contains it had room"
    );
    let text = report::text(&diff).unwrap();
    assert!(text.contains("more_room"), "{text}");
}

#[test]
fn fields_retyped_resized_and_gone_are_told_apart() {
    let diff = compare("\tHandle handle;", "\tU64 handle;");
    let found = states(&diff, "Info");
    assert!(
        found.contains(&(
            "handle".into(),
            vec![State::Retyped, State::Resized, State::Moved]
        )),
        "{found:?}"
    );
    let found = states(&compare("U64 table[2][3]", "U64 table[2][4]"), "Info");
    assert!(
        found.contains(&("table".into(), vec![State::Resized])),
        "{found:?}"
    );
    let found = states(&compare("U32 b; ", ""), "Outer");
    assert_eq!(found, [("b".into(), vec![State::Gone])]);
    // Another typedef of the same type is the same.
    assert!(compare("\tHandle handle;", "\tU32 handle;")
        .items
        .is_empty());
}

#[test]
fn values_are_compared() {
    let diff = compare("FUNCTION_NOP, ", "FUNCTION_NOP, NV_VGPU_MSG_FUNCTION_LOG, ");
    assert_eq!(diff.count(Class::Function, State::Added), 1);
    assert_eq!(diff.count(Class::Function, State::Changed), 1);
    let diff = compare("#define SIZE 4", "#define SIZE 0x4");
    assert!(diff.items.is_empty());
    let diff = compare("#define RANGE 7:4", "#define RANGE 8:4");
    assert_eq!(diff.count(Class::Define, State::Changed), 1);
    // A macro that has become an enumerator of the same value.
    let diff = compare("#define WHOLE 0xdc3aae21371a60b3ULL", "enum { WHOLE = 1 };");
    assert_eq!(diff.count(Class::Define, State::Changed), 1);
}

#[test]
fn what_an_input_cannot_tell_is_not_called_gone() {
    let old = model("old", Kind::Open, OLD);
    for (kind, state) in [
        (Kind::Open, State::Gone),
        (Kind::Kernel, State::NotCarried),
        (Kind::Object, State::Unknown),
    ] {
        let text = OLD
            .replace("name[SIZE]", "name[4]")
            .replace("#define SIZE 4\n", "");
        let mut new = model("new", kind, &text.replace("#define ALIAS SIZE\n", ""));
        new.typedefs.remove("Flexible");
        let diff = diff::compare(&old, &new);
        let of = |name: &str| diff.items.iter().find(|i| i.name == name).map(|i| i.state);
        assert_eq!(of("Flexible"), Some(state));
        assert_eq!(of("SIZE"), Some(state));
    }
    // A list of functions is whole wherever it is.
    let new = model(
        "new",
        Kind::Object,
        &OLD.replace("NV_VGPU_MSG_FUNCTION_FREE, ", ""),
    );
    let diff = diff::compare(&old, &new);
    assert_eq!(diff.count(Class::Function, State::Gone), 1);
}

#[test]
fn a_header_is_the_model_again() {
    let m = model("old", Kind::Open, OLD);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("old.h");
    let text = header::print(&m, "OLD_H", &Default::default()).unwrap();
    std::fs::write(&path, &text).unwrap();
    header::verify(&m, &path).unwrap();
    assert!(header::verify_bindgen(&m, &path).unwrap() > 10);
    // And a header that is not is refused.
    for (from, to) in [
        ("Handle handle;", "U64 handle;"),
        ("Handle handle;", "int handle;"),
        ("__attribute__((aligned(16)))", ""),
        ("__attribute__((packed))", ""),
        ("0xffffffffULL", "0xfffffffULL"),
        ("KIND_B = 255", "KIND_B = 254"),
        ("U8 tail;", ""),
    ] {
        assert!(text.contains(from), "{from}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
        assert!(header::verify(&m, &path).is_err(), "{from}");
    }
    for (from, to) in [("U32 a;", "U64 a;"), ("U8 tail;", "U8 tail; U64 more[4];")] {
        assert!(text.contains(from), "{from}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
        assert!(header::verify_bindgen(&m, &path).is_err(), "{from}");
    }
}

#[test]
fn what_an_object_lacks_comes_from_neighbours_that_agree() {
    let below = model("1.0", Kind::Open, OLD);
    let above = model(
        "3.0",
        Kind::Open,
        &OLD.replace("#define MASK (~0U)", "#define MASK 1"),
    );
    let mut new = model("2.0", Kind::Object, OLD);
    new.defines.clear();
    new.typedefs.remove("Flexible");
    let wanted = kernel::wanted(&[&below]);
    let found = new::inherit(&mut new, &wanted, &below, &above).unwrap();
    assert_eq!(new.defines.get("SIZE"), Some(&Constant::Number(4)));
    assert_eq!(found.defines["SIZE"], "inherited from 1.0, same in 3.0");
    assert!(new.record("Flexible").is_some() && found.types.contains_key("Flexible"));
    assert!(!new.defines.contains_key("MASK"));
    assert_eq!(found.undecided["MASK"], "0xffffffff in 1.0, 0x1 in 3.0");
}

#[test]
fn a_person_decides_only_about_meaning() {
    let used = BTreeSet::from(["Info".to_owned()]);
    let decide =
        |from: &str, to: &str| decide::list(&compare(from, to), &Inherited::default(), &used);
    let found = decide("\tHandle handle;", "\tHandle handle; U64 more_room;");
    let of = |name: &str| found.iter().find(|d| d.name == name).unwrap();
    assert_eq!(of("Info").rank, Rank::Layer);
    assert_eq!(
        of("Info").what,
        ["field added: more_room (long long unsigned int at 0x8)"]
    );
    assert_eq!(of("Outer").rank, Rank::Generated, "it follows from Info");
    let found = decide("Handle handle", "Handle owner");
    assert_eq!(
        found[0].what,
        ["handle is now called owner (unsigned int at 0x4)"]
    );
    let found = decide("U8 tail", "U8 padding");
    assert_eq!(found[0].what, ["field gone: tail (unsigned char at 0x70)"]);
    let found = decide("KIND_B = 0xff", "KIND_B = 0xfe");
    assert_eq!(found[0].rank, Rank::Generated);
}

/// Writes a file of a tree.
fn put(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn an_extract_of_the_kernel_is_read() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "include/nvrm/nvtypes.h", "typedef u32 NvU32;\n");
    put(
        dir.path(),
        "rm/nvrm/gsp.h",
        "#define LEVEL BIT(3)\nstruct list { NvU32 n; NvU32 e[] __counted_by(n); };\n",
    );
    let tree = Tree::find(&dir.path().join("rm")).unwrap();
    assert_eq!(Tree::find(&dir.path().join("rm/nvrm")), Some(tree.clone()));
    let m = tree.model("1").unwrap();
    assert_eq!(m.defines["LEVEL"], Constant::Number(8));
    assert_eq!(m.record("list").unwrap().size, 4);
    put(dir.path(), "rm/nvrm/gsp.h", "struct list { Unknown n; };\n");
    assert!(tree.model("1").is_err());
}

#[test]
fn a_tree_of_the_open_driver_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let nvidia = |name: &str, text: &str| put(dir.path(), &format!("src/nvidia/{name}"), text);
    put(
        dir.path(),
        "utils.mk",
        "ifeq ($(TARGET_ARCH),x86_64)\n  CFLAGS += -DBITS=64\nelse\n  CFLAGS += -DBITS=32\nendif\n",
    );
    nvidia(
        "Makefile",
        "CFLAGS += -I inc\nCFLAGS += -I generated\nCFLAGS += -I $(UNKNOWN)/x\n",
    );
    for name in ["core/core.h", "os/os.h", "vgpu/rpc.h"] {
        nvidia(&format!("inc/{name}"), "");
    }
    nvidia(
        "generated/g_rpc-structures.h",
        "#ifdef RPC_STRUCTURES\ntypedef struct rpc_log_v1 { int level; } rpc_log_v1;\n#endif\n",
    );
    nvidia("generated/g_rpc-message-header.h", "");
    nvidia(
        "inc/vgpu/rpc_global_enums.h",
        "enum { NV_VGPU_MSG_FUNCTION_NOP };\n",
    );
    nvidia(
        "inc/good.h",
        "typedef struct { char wide[BITS]; } Wide;\n#define LEVEL 3\n",
    );
    nvidia("inc/broken.h", "#include \"good.h\"\nstruct Wide2 { Missing x; };\n#define LEVEL 4\n#define OTHER 1\ntypedef struct {} Wide;\n");
    let names = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect();
    let wanted = Wanted {
        types: names(&["Wide", "rpc_log_v1"]),
        defines: names(&["LEVEL", "OTHER", "NOWHERE"]),
        ..Wanted::default()
    };
    assert!(open::is_tree(dir.path()));
    let m = source::read(dir.path(), "1", &wanted).unwrap();
    assert_eq!((m.kind, m.record("Wide").unwrap().size), (Kind::Open, 64));
    assert_eq!(m.record("rpc_log_v1").unwrap().size, 4);
    assert_eq!(m.defines, [("LEVEL".into(), Constant::Number(3))].into());
    let empty = tempfile::tempdir().unwrap();
    assert!(source::read(empty.path(), "1", &wanted).is_err());
}
