// SPDX-License-Identifier: GPL-2.0
//! What keeps nouveau from a card, or makes it say more: the kernel's command line, modprobe's files, a loaded module's parameters.
//! All of them are read as the kernel, kmod and nouveau read them.

use std::collections::BTreeMap;
use std::fs;

use crate::preflight::Check;
use crate::preflight::State;
use crate::root::Root;

/// A word of a command line: its name, and its value if it has one.
type Word = (String, Option<String>);

/// Where kmod looks for files, the first of a name before others (modprobe.d(5)).
const MODPROBE: [&str; 5] = [
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
];

/// What was found: how bad it is, where it stands, and what it does.
struct Found {
    state: State,
    text: String,
}

/// A command line's words (next_arg() in lib/cmdline.c): quotes keep blanks together, and what is behind `--` is for init.
fn words(line: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let quoted = rest.starts_with('"');
        let mut inside = false;
        let end = rest
            .find(|c: char| {
                inside ^= c == '"';
                c.is_ascii_whitespace() && !inside
            })
            .unwrap_or(rest.len());
        let (word, next) = rest.split_at(end);
        rest = next.trim_start();
        let word = match quoted {
            true => word[1..].strip_suffix('"').unwrap_or(&word[1..]),
            false => word,
        };
        if word == "--" {
            break;
        }
        // A name has at least one character.
        let equals = word.char_indices().skip(1).find(|c| c.1 == '=');
        found.push(match equals {
            None => (word.to_string(), None),
            Some((at, _)) => {
                let value = &word[at + 1..];
                let value = match value.strip_prefix('"') {
                    Some(inner) => inner.strip_suffix('"').unwrap_or(inner),
                    None => value,
                };
                (word[..at].to_string(), Some(value.to_string()))
            }
        });
    }
    found
}

/// Names of parameters: - and _ are one character (parameq() in kernel/params.c).
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

/// An option's value in nouveau.config (nvkm_stropt() in nvkm/core/option.c): case does not matter, the first one counts, and a name
/// of no characters is every option's.
fn config<'a>(text: &'a str, option: &str) -> Option<&'a str> {
    let cut = |text: &str| text.find([',', '=']).unwrap_or(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (name, next) = rest.split_at(cut(rest));
        match next.strip_prefix('=') {
            Some(value) if name.is_empty() || name.eq_ignore_ascii_case(option) => {
                let value = &value[..cut(value)];
                return (!value.is_empty()).then_some(value);
            }
            Some(value) => rest = value,
            None => rest = next.get(1..).unwrap_or_default(),
        }
    }
    None
}

/// Whether a value says no (nvkm_boolopt()).
fn off(value: &str) -> bool {
    ["0", "no", "off", "false"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

/// Whether nouveau.debug asks for more than info (nvkm_dbgopt()).
fn debug(text: &str) -> bool {
    text.split([',', '=']).any(|word| {
        ["debug", "trace", "paranoia", "spam"]
            .iter()
            .any(|level| word.eq_ignore_ascii_case(level))
    })
}

/// An integer as kstrtoint() with base 0 takes it; None is an error.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.strip_prefix("0x") {
        Some(hex) if hex.starts_with(|c: char| c.is_ascii_hexdigit()) => (16, hex),
        _ if lower.len() > 1 && lower.starts_with('0') => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if !digits.bytes().all(|c| char::from(c).is_digit(radix)) {
        return None;
    }
    let value = sign * i64::from_str_radix(digits, radix).ok()?;
    i32::try_from(value).ok().map(i64::from)
}

/// nouveau's parameters: name, value, and where it was found. The last of a name counts.
type Settings = BTreeMap<String, (Option<String>, String)>;

/// What modprobe would give nouveau, and how it is kept from loading it.
fn modprobe(root: &Root, settings: &mut Settings) -> Option<String> {
    let mut files = BTreeMap::new();
    for dir in MODPROBE.iter().rev() {
        for entry in fs::read_dir(root.path(dir)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".conf") {
                files.insert(name.clone(), format!("{dir}/{name}"));
            }
        }
    }
    let mut kept = None;
    for file in files.values() {
        // A line goes on behind a backslash.
        let text = root.text(file).unwrap_or_default().replace("\\\n", " ");
        for line in text.lines().map(str::trim) {
            let mut parts = line.split_ascii_whitespace();
            let (command, module) = (parts.next(), parts.next().map(plain));
            if module.as_deref() != Some("nouveau") {
                continue;
            }
            match command {
                Some("options") => {
                    let rest: Vec<&str> = parts.collect();
                    for (name, value) in words(&rest.join(" ")) {
                        let origin = format!("\"{line}\" in {file}");
                        settings.insert(plain(&name), (value, origin));
                    }
                }
                Some("install") => kept = Some(format!("\"{line}\" in {file}")),
                _ => {}
            }
        }
    }
    kept
}

/// What a value of nouveau's parameters does, if it does anything that matters here.
fn judge(name: &str, value: Option<&str>, nomodeset: bool) -> Option<(State, &'static str)> {
    const BAD: (State, &str) = (State::No, "is no number, so that nouveau cannot be loaded");
    let number = || value.and_then(|text| integer(text.trim_end_matches('\n')));
    match name {
        "modeset" => match number() {
            None => Some(BAD),
            Some(0) => Some((State::No, "keeps nouveau from all cards")),
            Some(-1) if nomodeset => {
                Some((State::No, "keeps nouveau from all cards, with nomodeset"))
            }
            Some(_) => None,
        },
        "noaccel" => match number() {
            None => Some(BAD),
            Some(0) => None,
            Some(_) => Some((
                State::No,
                "leaves nouveau without channels, so that nothing can be copied",
            )),
        },
        "config" => config(value.unwrap_or_default(), "NvGspRm")
            .is_some_and(off)
            .then_some((State::No, "has nouveau run the card without GSP-RM")),
        "debug" => debug(value.unwrap_or_default()).then_some((
            State::Warn,
            "has C and Rust print more lines, and not the same ones: the logs will differ",
        )),
        _ => None,
    }
}

/// All that was found, the worst first.
fn look(root: &Root) -> Vec<Found> {
    let line = root.text("/proc/cmdline").unwrap_or_default();
    let line = words(&line);
    let mut found = Vec::new();
    let mut say = |state, text: String| found.push(Found { state, text });
    let lists = |value: &Option<String>, name: &str| {
        value.iter().flat_map(|v| v.split(',')).any(|v| v == name)
    };

    let mut settings = Settings::new();
    // __setup("nomodeset") in drivers/video/nomodeset.c: of such words the beginning counts.
    let nomodeset = line.iter().any(|(name, _)| name.starts_with("nomodeset"));
    let loaded = root.exists("/sys/module/nouveau/parameters");
    if loaded {
        for name in ["modeset", "noaccel", "config", "debug"] {
            let path = format!("/sys/module/nouveau/parameters/{name}");
            if let Some(value) = root.text(&path).filter(|value| value.trim() != "(null)") {
                settings.insert(
                    name.into(),
                    (Some(value.trim().into()), format!("in {path}")),
                );
            }
        }
    } else if let Some(text) = modprobe(root, &mut settings) {
        say(
            State::No,
            format!("{text} is what modprobe does instead of loading nouveau"),
        );
    }
    let mut blacklist = None;
    for (name, value) in &line {
        let name = plain(name);
        let text = || match value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        };
        match name.as_str() {
            "module_blacklist" => blacklist = lists(value, "nouveau").then(text),
            "initcall_blacklist" if lists(value, "nouveau_drm_init") => {
                say(
                    State::No,
                    format!(
                        "{} on the kernel's command line keeps nouveau from starting",
                        text()
                    ),
                );
            }
            _ => {}
        }
        // One that is loaded has its parameters by now.
        if let Some(parameter) = name.strip_prefix("nouveau.").filter(|_| !loaded) {
            let origin = format!("{} on the kernel's command line", text());
            settings.insert(parameter.into(), (value.clone(), origin));
        }
    }
    if let Some(text) = blacklist {
        say(
            State::No,
            format!("{text} on the kernel's command line forbids to load nouveau"),
        );
    }
    // Who set nothing has -1.
    let modeset = settings
        .get("modeset")
        .and_then(|s| integer(s.0.as_deref()?));
    if nomodeset && !settings.contains_key("modeset") {
        say(
            State::No,
            "the kernel was booted with nomodeset, which keeps nouveau from all cards".into(),
        );
    }
    for (name, (value, origin)) in &settings {
        let nomodeset = nomodeset && modeset == Some(-1);
        if let Some((state, what)) = judge(name, value.as_deref(), nomodeset) {
            let shown = match (loaded, value) {
                (true, Some(value)) => format!("{name}={value} {origin} {what}"),
                _ => format!("{origin} {what}"),
            };
            say(state, shown);
        }
    }
    found.sort_by_key(|found| found.state != State::No);
    found
}

/// What keeps nouveau from taking a card, or has it say more than a comparison can use.
pub fn check(root: &Root) -> Check {
    const NAME: &str = "options";
    let found = look(root);
    let text: Vec<&str> = found.iter().map(|found| found.text.as_str()).collect();
    let text = text.join("; ");
    match found.first().map(|found| found.state) {
        None => Check::ok(NAME, "nothing keeps nouveau from the card"),
        Some(State::No) => Check::no(
            NAME,
            text,
            "boot without it (GRUB: e, edit the line that begins with linux), or take the line out of modprobe's file",
        ),
        Some(_) => Check::warn(NAME, text, "take it out, and reload nouveau"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_kernels() {
        let word = |name: &str, value: &str| (name.to_string(), Some(value.to_string()));
        assert_eq!(
            words("a  b=\"c d\" \"e=f g\" h=i\"j k\" x -- nomodeset\n"),
            [
                ("a".to_string(), None),
                word("b", "c d"),
                word("e", "f g"),
                word("h", "i\"j k\""),
                ("x".to_string(), None),
            ]
        );
        assert_eq!(words("\"open = 1"), [word("open ", " 1")]);
    }

    #[test]
    fn options_are_nouveaus() {
        assert_eq!(config("NvBios=PROM,nvgsprm=Off", "NvGspRm"), Some("Off"));
        assert_eq!(config("NvGspRm=1,NvGspRm=0", "NvGspRm"), Some("1"));
        assert_eq!(config("NvGspRmX=0", "NvGspRm"), None);
        assert_eq!(config("NvGspRm=", "NvGspRm"), None);
        assert_eq!(config("=0", "NvGspRm"), Some("0"));
    }

    #[test]
    fn numbers_are_kstrtoints() {
        for (text, value) in [
            ("0", Some(0)),
            ("0x0", Some(0)),
            ("-1", Some(-1)),
            ("+2", Some(2)),
            ("010", Some(8)),
            ("08", None),
            ("off", None),
            ("", None),
            ("-", None),
            ("2147483648", None),
            ("0x", None),
        ] {
            assert_eq!(integer(text), value, "{text}");
        }
    }
}
