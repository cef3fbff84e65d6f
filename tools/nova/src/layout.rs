// SPDX-License-Identifier: GPL-2.0
//! Names and places of the fields of NVIDIA's structures, read from nova-core's own bindings in the kernel's source
//! (`gsp/fw/r570_144/bindings.rs`), which `rustc` lays out by the rules of C.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::bail;
use anyhow::ensure;
use anyhow::Context;
use anyhow::Result;

/// Where the bindings are in a kernel's source.
const BINDINGS: &str = "drivers/gpu/nova-core/gsp/fw/r570_144/bindings.rs";
/// Structures in structures go no deeper.
const DEEPEST: usize = 16;
/// No structure that is compared has more fields.
const MOST: usize = 20_000;

/// A field that holds no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, with those of what it is in.
    pub name: String,
    /// Offset in bytes.
    pub at: usize,
    /// Size in bytes.
    pub size: usize,
}

/// A structure or union as it is written.
#[derive(Debug, Default)]
struct Written {
    union: bool,
    fields: Vec<(String, String)>,
}

/// All structures of the bindings, and other names of types.
#[derive(Debug, Default)]
pub struct Layouts {
    structures: HashMap<String, Written>,
    aliases: HashMap<String, String>,
}

/// Bytes, and where they may begin.
#[derive(Clone, Copy)]
struct Shape {
    size: usize,
    align: usize,
}

impl Layouts {
    /// Reads them from a kernel's source.
    ///
    /// # Errors
    ///
    /// The source has none.
    pub fn of(kernel: &Path) -> Result<Self> {
        let path = kernel.join(BINDINGS);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let read = Self::parse(&text);
        ensure!(
            !read.structures.is_empty(),
            "{} has no structures",
            path.display()
        );
        Ok(read)
    }

    /// Reads bindgen's output.
    pub fn parse(text: &str) -> Self {
        let mut all = Self::default();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some((name, kind)) = line
                .strip_prefix("pub type ")
                .and_then(|l| l.split_once(" ="))
            {
                // A long one goes on in the next line.
                let kind = match kind.trim() {
                    "" => lines.next().unwrap_or_default().trim(),
                    kind => kind,
                };
                let kind = kind.trim_end_matches(';').to_string();
                all.aliases.insert(name.to_string(), kind);
                continue;
            }
            let (name, union) = match line.strip_prefix("pub struct ") {
                Some(rest) => (rest, false),
                None => match line.strip_prefix("pub union ") {
                    Some(rest) => (rest, true),
                    None => continue,
                },
            };
            let Some(name) = name.strip_suffix(" {") else {
                continue;
            };
            let mut written = Written {
                union,
                fields: Vec::new(),
            };
            for line in lines.by_ref().take_while(|l| *l != "}") {
                let field = line.trim().strip_prefix("pub ");
                if let Some((field, kind)) = field.and_then(|f| f.split_once(": ")) {
                    let kind = kind.trim_end_matches(',');
                    written.fields.push((field.to_string(), kind.to_string()));
                }
            }
            all.structures.insert(name.to_string(), written);
        }
        all
    }

    /// What a name stands for in the end.
    fn resolve<'a>(&'a self, mut kind: &'a str) -> &'a str {
        for _ in 0..DEEPEST {
            match self.aliases.get(kind) {
                Some(next) => kind = next,
                None => break,
            }
        }
        kind
    }

    fn shape(&self, kind: &str, depth: usize) -> Result<Shape> {
        ensure!(depth < DEEPEST, "the type {kind} is too deep");
        let kind = self.resolve(kind);
        let plain = |size| Ok(Shape { size, align: size });
        match kind {
            "u8" | "i8" | "ffi::c_char" | "ffi::c_uchar" => return plain(1),
            "u16" | "i16" | "ffi::c_ushort" | "ffi::c_short" => return plain(2),
            "u32" | "i32" | "ffi::c_uint" | "ffi::c_int" => return plain(4),
            "u64" | "i64" | "ffi::c_ulonglong" | "ffi::c_longlong" => return plain(8),
            _ => {}
        }
        if let Some((element, count)) = array(kind) {
            let one = self.shape(element, depth + 1)?;
            let size = one
                .size
                .checked_mul(count)
                .context("an array is too large")?;
            return Ok(Shape { size, ..one });
        }
        if let Some(element) = flexible(kind) {
            let one = self.shape(element, depth + 1)?;
            return Ok(Shape { size: 0, ..one });
        }
        let written = self.structures.get(kind);
        let written = written.with_context(|| format!("the bindings have no type {kind}"))?;
        let (mut size, mut align) = (0usize, 1);
        for (_, kind) in &written.fields {
            let field = self.shape(kind, depth + 1)?;
            align = align.max(field.align);
            size = match written.union {
                true => size.max(field.size),
                false => size.next_multiple_of(field.align) + field.size,
            };
        }
        Ok(Shape {
            size: size.next_multiple_of(align),
            align,
        })
    }

    /// The size of a structure.
    ///
    /// # Errors
    ///
    /// There is none of that name.
    pub fn size(&self, name: &str) -> Result<usize> {
        Ok(self.shape(name, 0)?.size)
    }

    /// The fields of a structure, of a union those of its first member.
    ///
    /// # Errors
    ///
    /// There is none of that name, or it holds a type that is not known.
    pub fn fields(&self, name: &str) -> Result<Vec<Field>> {
        let mut found = Vec::new();
        self.flatten(name, "", 0, 0, &mut found)?;
        Ok(found)
    }

    fn flatten(
        &self,
        kind: &str,
        name: &str,
        at: usize,
        depth: usize,
        found: &mut Vec<Field>,
    ) -> Result<()> {
        if found.len() > MOST {
            bail!("a structure has more than {MOST} fields");
        }
        let kind = self.resolve(kind);
        if let Some((element, count)) = array(kind) {
            let size = self.shape(element, depth)?.size;
            // Bytes stay together: they are texts and fillers.
            if size > 1 {
                for n in 0..count {
                    self.flatten(
                        element,
                        &format!("{name}[{n}]"),
                        at + n * size,
                        depth + 1,
                        found,
                    )?;
                }
                return Ok(());
            }
        }
        let Some(written) = self.structures.get(kind) else {
            let size = self.shape(kind, depth)?.size;
            if size > 0 {
                let name = name.to_string();
                found.push(Field { name, at, size });
            }
            return Ok(());
        };
        let mut offset = 0usize;
        let fields = match written.union {
            true => written.fields.get(..1).unwrap_or_default(),
            false => &written.fields[..],
        };
        for (field, kind) in fields {
            let shape = self.shape(kind, depth + 1)?;
            offset = offset.next_multiple_of(shape.align);
            // What bindgen had to invent is no name.
            let full = match (name, field.starts_with("__bindgen_anon")) {
                (outer, true) => outer.to_string(),
                ("", false) => field.clone(),
                (outer, false) => format!("{outer}.{field}"),
            };
            self.flatten(kind, &full, at + offset, depth + 1, found)?;
            offset += shape.size;
        }
        Ok(())
    }
}

/// `[T; 5usize]`
fn array(kind: &str) -> Option<(&str, usize)> {
    let inner = kind.strip_prefix('[')?.strip_suffix(']')?;
    let (element, count) = inner.rsplit_once("; ")?;
    Some((element, count.trim_end_matches("usize").parse().ok()?))
}

/// `__IncompleteArrayField<T>`
fn flexible(kind: &str) -> Option<&str> {
    kind.strip_prefix("__IncompleteArrayField<")?
        .strip_suffix('>')
}

#[cfg(test)]
mod tests {
    use super::Layouts;

    const TEXT: &str = "pub type u8_ = u8;\npub type u16_ = u16;\npub type u32_ =\n    u32;\n\
        pub type u64_ = ffi::c_ulonglong;\n#[repr(C)]\npub struct Inner {\n    pub a: u8_,\n    pub b: [u16_; 2usize],\n}\n\
        pub union Either {\n    pub one: Inner,\n    pub two: u64_,\n}\n\
        pub struct Outer {\n    pub head: u8_,\n    pub __bindgen_padding_0: [u8; 7usize],\n    \
        pub many: [Inner; 2usize],\n    pub __bindgen_anon_1: Either,\n    pub last: u32_,\n    \
        pub rest: __IncompleteArrayField<u32_>,\n}\n";

    #[test]
    fn fields_lie_where_a_c_compiler_puts_them() {
        let all = Layouts::parse(TEXT);
        assert_eq!(all.size("Inner").unwrap(), 6);
        assert_eq!(all.size("Either").unwrap(), 8);
        assert_eq!(all.size("Outer").unwrap(), 40);
        let found: Vec<(String, usize, usize)> = all
            .fields("Outer")
            .unwrap()
            .into_iter()
            .map(|f| (f.name, f.at, f.size))
            .collect();
        let want = [
            ("head", 0, 1),
            ("__bindgen_padding_0", 1, 7),
            ("many[0].a", 8, 1),
            ("many[0].b[0]", 10, 2),
            ("many[0].b[1]", 12, 2),
            ("many[1].a", 14, 1),
            ("many[1].b[0]", 16, 2),
            ("many[1].b[1]", 18, 2),
            ("one.a", 24, 1),
            ("one.b[0]", 26, 2),
            ("one.b[1]", 28, 2),
            ("last", 32, 4),
        ];
        let want: Vec<(String, usize, usize)> =
            want.map(|(n, a, s)| (n.to_string(), a, s)).to_vec();
        assert_eq!(found, want);
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        let all = Layouts::parse(
            "pub struct A {\n    pub x: Strange,\n}\npub struct B {\n    pub b: B,\n}\n",
        );
        assert!(all.fields("A").is_err());
        assert!(all.fields("B").is_err());
        assert!(all.size("C").is_err());
    }
}
