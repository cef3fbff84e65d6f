// SPDX-License-Identifier: GPL-2.0

//! What a compiler sees of C with CONFIG_DRM_NOUVEAU_RUST off.

/// Whether numbers of lines count. They are in data of a kernel's (WARN, UBSAN).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// They may change.
    Any,
    /// They must be the same; `#line` counts.
    Same,
}

/// A condition that stands open: whether it is the option's, and whether what follows is seen.
struct Open {
    ours: bool,
    seen: bool,
}

/// If this directive asks whether one of our options is on: what that comes to. Only the forms that our anchors have; any other is
/// kept as text, so that two texts are rather taken for different.
fn asks(directive: &str) -> Option<bool> {
    const OPTION: &str = "CONFIG_DRM_NOUVEAU_RUST";
    if let Some(name) = directive.strip_prefix("#ifdef ") {
        return (name == OPTION).then_some(false);
    }
    let name = directive.strip_prefix("#ifndef ")?;
    (name == OPTION).then_some(true)
}

/// The lines that are seen, and the number of each.
fn seen(text: &str) -> Vec<(usize, &str)> {
    let mut open: Vec<Open> = Vec::new();
    let mut found = Vec::new();
    let mut number = 0;
    for line in text.lines() {
        number += 1;
        let word = line.trim();
        let visible = open.iter().all(|open| open.seen);
        if word.starts_with("#if") {
            let asked = asks(word);
            open.push(Open {
                ours: asked.is_some(),
                seen: asked.unwrap_or(true),
            });
            if asked.is_some() {
                continue;
            }
        } else if word == "#else" && open.last().is_some_and(|open| open.ours) {
            if let Some(last) = open.last_mut() {
                last.seen = !last.seen;
            }
            continue;
        } else if word.starts_with("#endif") && open.pop().is_some_and(|open| open.ours) {
            continue;
        }
        if let Some(said) = word.strip_prefix("#line ") {
            number = said
                .parse::<usize>()
                .map_or(number, |next| next.saturating_sub(1));
        } else if visible && !word.is_empty() {
            found.push((number, line));
        }
    }
    found
}

/// Whether both texts are the same to a compiler, with the option off.
pub fn same(a: &str, b: &str, lines: Lines) -> bool {
    let (a, b) = (seen(a), seen(b));
    match lines {
        Lines::Same => a == b,
        Lines::Any => a.iter().map(|line| line.1).eq(b.iter().map(|line| line.1)),
    }
}

#[cfg(test)]
mod tests {
    use super::{same, Lines};

    const BEFORE: &str = "#ifndef H\n#define H\nint a;\nint b;\n#endif\n";

    #[test]
    fn what_the_option_guards_is_not_seen() {
        let hooked = "#ifndef H\n#define H\nint a;\n#ifdef CONFIG_DRM_NOUVEAU_RUST\n#if X\nint c;\n#endif\n#endif\n\nint b;\n#endif\n";
        assert!(same(BEFORE, hooked, Lines::Any));
        assert!(!same(BEFORE, hooked, Lines::Same));
        let numbered = hooked.replace("\n\nint b;", "\n#line 4\nint b;");
        assert!(same(BEFORE, &numbered, Lines::Same));
    }

    #[test]
    fn what_it_does_not_guard_is() {
        for hooked in [
            "#ifndef H\n#define H\nint a;\n#include <x.h>\n#line 4\nint b;\n#endif\n",
            "#ifndef H\n#define H\nint a;\n#ifdef CONFIG_DRM_NOUVEAU_RUST\n#else\nint c;\n#endif\n#line 4\nint b;\n#endif\n",
            "#ifndef H\n#define H\nint a;\n#ifndef CONFIG_DRM_NOUVEAU_RUST\nint c;\n#endif\n#line 4\nint b;\n#endif\n",
            "#ifndef H\n#define H\nint a;\n#ifdef CONFIG_DRM_NOUVEAU\nint c;\n#endif\n#line 4\nint b;\n#endif\n",
            "#ifndef H\n#define H\nint a;\n#if IS_ENABLED(CONFIG_DRM_NOUVEAU_RUST)\nint c;\n#endif\n#line 4\nint b;\n#endif\n",
        ] {
            assert!(!same(BEFORE, hooked, Lines::Any), "{hooked}");
        }
        let other = "#ifndef H\n#define H\nint a;\n#ifdef CONFIG_DRM_NOUVEAU_RUST\n#endif\nint b;\n#elif Y\n#endif\n";
        assert!(!same(BEFORE, other, Lines::Any));
    }

    #[test]
    fn other_conditions_keep_their_else() {
        let text = "#ifdef A\nint a;\n#else\nint b;\n#endif\n";
        assert!(same(text, text, Lines::Same));
        assert!(!same(
            text,
            "#ifdef A\nint a;\nint b;\n#endif\n",
            Lines::Any
        ));
    }
}
