// SPDX-License-Identifier: GPL-2.0
//! A writer of cpio archives in the `newc` format, which the kernel unpacks as initramfs
//! (Documentation/driver-api/early-userspace/buffer-format.rst).

use std::collections::BTreeSet;

const MODE_DIR: u32 = 0o040_755;
const MODE_FILE: u32 = 0o100_644;
const MODE_EXEC: u32 = 0o100_755;

/// An archive being written.  Same calls in the same order give the same bytes: no times, no owners.
#[derive(Default)]
pub struct Cpio {
    bytes: Vec<u8>,
    dirs: BTreeSet<String>,
    inode: u32,
}

impl Cpio {
    /// An empty archive.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file at `path` (without leading slash), and the directories above it.
    pub fn file(&mut self, path: &str, content: &[u8]) {
        self.parents(path);
        self.entry(path, MODE_FILE, content);
    }

    /// Adds an executable file.
    pub fn executable(&mut self, path: &str, content: &[u8]) {
        self.parents(path);
        self.entry(path, MODE_EXEC, content);
    }

    /// Ends the archive and gives its bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.inode = 0;
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn parents(&mut self, path: &str) {
        for (at, _) in path.match_indices('/') {
            let dir = path[..at].to_string();
            if self.dirs.insert(dir.clone()) {
                self.entry(&dir, MODE_DIR, &[]);
            }
        }
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.inode += 1;
        // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
        let fields = [
            self.inode,
            mode,
            0,
            0,
            1,
            0,
            content.len() as u32,
            0,
            0,
            0,
            0,
            path.len() as u32 + 1,
            0,
        ];
        self.bytes.extend(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08x}").bytes());
        }
        self.bytes.extend(path.bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::Cpio;

    #[test]
    fn layout_is_newc() {
        let mut cpio = Cpio::new();
        cpio.file("a/b/c", b"hello");
        let bytes = cpio.finish();
        assert_eq!(bytes.len() % 4, 0);
        let text = String::from_utf8_lossy(&bytes);
        // Two directories, the file, the trailer.
        assert_eq!(text.matches("070701").count(), 4);
        assert!(text.find("a/b\0").unwrap() < text.find("a/b/c\0").unwrap());
        // The file's size field is the seventh.
        let file = text.find("a/b/c\0").unwrap() - 110;
        assert_eq!(&text[file + 6 + 6 * 8..file + 6 + 7 * 8], "00000005");
    }

    #[test]
    fn same_input_same_bytes() {
        let make = || {
            let mut cpio = Cpio::new();
            cpio.executable("init", b"x");
            cpio.finish()
        };
        assert_eq!(make(), make());
    }
}
