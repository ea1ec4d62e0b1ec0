//! The documentation against the code: commands, files, links, messages, keys and the map.

// Whatever fails here fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use homerealm::config::{Config, ConfigError};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page for people, relative to the root.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = ["README", "ARCHITECTURE", "CHANGELOG", "SECURITY"]
        .iter()
        .map(|name| PathBuf::from(format!("{name}.md")))
        .collect();
    pages.push("certs/README.md".into());
    pages.extend(
        fs::read_dir(root().join("docs/src"))
            .expect("docs/src")
            .map(|entry| Path::new("docs/src").join(entry.unwrap().file_name())),
    );
    assert!(pages.len() > 10);
    pages
}

/// The code of a page: the lines of its fenced blocks, and what stands between backticks.
fn code(page: &str) -> Vec<String> {
    let mut code = Vec::new();
    for (at, block) in page.split("```").enumerate() {
        if at % 2 == 1 {
            code.extend(block.lines().skip(1).map(str::to_owned));
        } else {
            code.extend(block.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    code
}

/// A page without its code.
fn prose(page: &str) -> String {
    let outside_blocks: String = page.split("```").step_by(2).collect();
    outside_blocks.split('`').step_by(2).collect()
}

/// Every folder (with a slash at its end) and every Rust file below `src`.
fn tree() -> BTreeSet<String> {
    fn walk(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                let path = format!("{path}/");
                walk(&entry.path(), &path, found);
                found.insert(path);
            } else if Path::new(&path)
                .extension()
                .is_some_and(|kind| kind == "rs")
            {
                found.insert(path);
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&root().join("src"), "src/", &mut found);
    found
}

/// The map of ARCHITECTURE.md: paths by their indentation.
fn map() -> BTreeSet<String> {
    let page = read("ARCHITECTURE.md");
    let (_, block) = page
        .split_once("```text\nsrc/\n")
        .expect("ARCHITECTURE.md has a map");
    let (block, _) = block.split_once("```").unwrap();
    let mut folders: Vec<&str> = Vec::new();
    let mut named = BTreeSet::new();
    for line in block.lines() {
        let (name, duty) = line.trim().split_once(' ').expect(line);
        assert!(!duty.trim().is_empty(), "{name} has no duty");
        let depth = (line.len() - line.trim_start().len()) / 2 - 1;
        folders.truncate(depth);
        assert_eq!(folders.len(), depth, "{line:?} is indented wrongly");
        let path = format!("src/{}{name}", folders.concat());
        assert!(named.insert(path), "{name} stands twice");
        if name.ends_with('/') {
            folders.push(name);
        }
    }
    named
}

#[test]
fn the_map_is_the_tree() {
    let (map, tree) = (map(), tree());
    let gone: Vec<_> = map.difference(&tree).collect();
    let new: Vec<_> = tree.difference(&map).collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "the map of ARCHITECTURE.md names what is gone: {gone:#?}\nand lacks what is there: {new:#?}"
    );
}

#[test]
fn what_stands_beside_the_map_is_named() {
    let page = read("ARCHITECTURE.md");
    for folder in ["tests", "benches", "config", "templates"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
            let named = page.contains(&format!("`{path}`"));
            assert!(named, "ARCHITECTURE.md does not name {path}");
        }
    }
}

#[test]
fn files_that_are_named_exist() {
    let folders = ["src/", "tests/", "config/", "benches/", "templates/"];
    let mut seen = 0;
    for page in pages() {
        for code in code(&read(&page)) {
            let is_path = folders.iter().any(|folder| code.starts_with(folder))
                && code
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            if is_path {
                seen += 1;
                assert!(
                    root().join(&code).exists(),
                    "{}: there is no {code}",
                    page.display()
                );
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

/// The targets of a page's links and images.
fn links(page: &str) -> Vec<String> {
    prose(page)
        .split("](")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap().to_owned())
        .collect()
}

/// How GitHub and mdBook name a heading.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for page in pages() {
        for link in links(&read(&page)) {
            if link.starts_with("https://") {
                continue;
            }
            seen += 1;
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let file = match path {
                "" => page.clone(),
                path => page.parent().unwrap().join(path),
            };
            assert!(
                root().join(&file).exists(),
                "{}: nothing at {link}",
                page.display()
            );
            if !fragment.is_empty() {
                let has_heading = read(&file)
                    .lines()
                    .filter_map(|line| line.strip_prefix('#'))
                    .any(|line| anchor(line.trim_start_matches('#')) == fragment);
                assert!(has_heading, "{}: no such heading: {link}", page.display());
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn the_summary_lists_every_chapter() {
    let listed: BTreeSet<String> = links(&read("docs/src/SUMMARY.md")).into_iter().collect();
    let there: BTreeSet<String> = fs::read_dir(root().join("docs/src"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // Pictures stand beside the chapters that show them.
        .filter(|name| {
            name.strip_suffix(".md")
                .is_some_and(|stem| stem != "SUMMARY")
        })
        .collect();
    assert_eq!(listed, there);
}

/// The commands of Homerealm in a line of code: words of the subcommand, and flags.
fn commands(code: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let words: Vec<&str> = code.split_whitespace().collect();
    let mut commands = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let by_cargo = *word == "--" && words[..at].starts_with(&["cargo", "run"]);
        if *word != "homerealm" && !by_cargo {
            continue;
        }
        let is_word = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
        let rest = words[at + 1..]
            .split(|word| ["|", ";", "&&"].contains(word))
            .next()
            .unwrap();
        let subcommand: Vec<String> = rest
            .iter()
            .take_while(is_word)
            .map(ToString::to_string)
            .collect();
        // `sudo -u homerealm homerealm check`: the user's name comes first.
        if subcommand.is_empty() || subcommand[0] == "homerealm" {
            continue;
        }
        let flags = rest
            .iter()
            .filter(|word| word.starts_with("--"))
            .map(ToString::to_string)
            .collect();
        commands.push((subcommand, flags));
    }
    commands
}

#[test]
fn commands_that_are_shown_exist() {
    let mut seen = BTreeSet::new();
    // What the deployment's files say is shown, too.
    let files = ["config/homerealm.toml", "config/homerealm.service", "test"];
    let lines = pages()
        .iter()
        .flat_map(|page| code(&read(page)))
        .chain(files.iter().flat_map(|file| {
            read(file)
                .lines()
                .map(|line| line.replace(['`', '.', ','], " "))
                .collect::<Vec<_>>()
        }))
        .collect::<Vec<_>>();
    for (subcommand, flags) in lines.iter().flat_map(|line| commands(line)) {
        let output = Command::new(env!("CARGO_BIN_EXE_homerealm"))
            .args(&subcommand)
            .arg("--help")
            .output()
            .expect("homerealm starts");
        assert!(
            output.status.success(),
            "there is no `homerealm {}`",
            subcommand.join(" ")
        );
        let help = String::from_utf8(output.stdout).unwrap();
        for flag in flags {
            assert!(
                help.split_whitespace().any(|word| word == flag),
                "`homerealm {}` has no {flag}",
                subcommand.join(" ")
            );
        }
        seen.insert(subcommand.join(" "));
    }
    for command in [
        "check",
        "demo",
        "keys list",
        "keys new",
        "serve",
        "simulate",
    ] {
        assert!(seen.contains(command), "{command} is not shown anywhere");
    }
}

/// The text of all files of a room.
fn room(folder: &str) -> String {
    fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(read)
        .collect()
}

/// The first cells of a page's tables.
fn first_cells(page: &str) -> Vec<String> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .map(|(cell, _)| cell.trim().to_owned())
        .collect()
}

#[test]
fn messages_that_are_explained_are_shown() {
    let web = room("src/web");
    let page = read("docs/src/pages.md");
    let (on_pages, _) = page.split_once("a person sees a page and nothing").unwrap();
    let cells = first_cells(on_pages);
    assert!(cells.len() > 15, "{cells:?}");
    for cell in cells {
        if !["message", "heading", "---"].contains(&cell.as_str()) {
            assert!(
                web.contains(&format!("\"{cell}\"")),
                "no page says {cell:?}"
            );
        }
    }
    // And none is left unexplained: the first text behind an arm is what the page says first.
    for source in ["src/web/refusal.rs", "src/web/pages.rs"] {
        let text = read(source);
        let arms = text.split("=> (").skip(1);
        for arm in arms {
            let sentence = arm.split('"').nth(1).unwrap();
            assert!(page.contains(sentence), "{source} says {sentence:?}");
        }
    }
}

#[test]
fn checks_of_the_doctor_are_explained() {
    let source = room("src/check");
    let page = read("docs/src/install.md");
    let (_, section) = page.split_once("| check | looks at |").unwrap();
    let (section, _) = section.split_once("\n\n").unwrap();
    let explained: BTreeSet<String> = first_cells(section)
        .into_iter()
        .filter(|cell| cell != "---")
        .map(|cell| cell.trim_matches('`').to_owned())
        .collect();
    let source = ["warn(", "fail(", "const NAME: &str ="]
        .iter()
        .fold(source, |text, before| text.replace(before, "Finding::ok("));
    let named: BTreeSet<String> = source
        .split("ok(")
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(explained, named, "left: install.md, right: src/check");
}

const ANNOTATED: &str = "config/homerealm.toml";

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, ANNOTATED, Path::new("/etc/homerealm"))
}

/// The key of a line such as `# format = "text"`.
fn commented_key(line: &str) -> Option<&str> {
    let (key, _) = line.strip_prefix("# ")?.split_once(" = ")?;
    key.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        .then_some(key)
}

fn uncommented(text: &str, which: impl Fn(&str) -> bool) -> String {
    text.lines()
        .map(|line| match commented_key(line) {
            Some(key) if which(key) => &line[2..],
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn what_is_commented_out_may_be_written() {
    let text = read(ANNOTATED);
    parse(&text).expect("as it is");
    let keys: Vec<_> = text.lines().filter_map(commented_key).collect();
    assert!(keys.len() > 20, "{keys:?}");
    for key in keys {
        let one = uncommented(&text, |other| other == key);
        parse(&one).unwrap_or_else(|error| panic!("{key}: {error}"));
    }
    parse(&uncommented(&text, |_| true)).expect("with everything that is commented out");
}

#[test]
fn what_is_commented_out_is_the_default() {
    // These have none; what stands there is an example.
    let examples = [
        "pairwise_salt",
        "relying_party_folder",
        "state_folder",
        "brand",
        "credential",
        "ca",
        "filter",
        "email_domains",
        "tenant",
        "user_type_attribute",
        "single_logout_service",
        "id",
        "file",
        "node",
        "journald",
        "syslog",
    ];
    let text = read(ANNOTATED);
    let defaults = uncommented(&text, |key| !examples.contains(&key));
    assert_ne!(text, defaults);
    assert_eq!(
        format!("{:#?}", parse(&text).unwrap()),
        format!("{:#?}", parse(&defaults).unwrap())
    );
    for example in examples {
        let changed = uncommented(&text, |key| key == example);
        assert_ne!(
            format!("{:?}", parse(&text).unwrap()),
            format!("{:?}", parse(&changed).unwrap()),
            "{example} changes nothing"
        );
    }
}

/// The keys that a table may have, in the words of the refusal of another one.
fn permitted_keys(text: &str, table: &str) -> Vec<String> {
    let with_stranger = match table {
        "" => format!("no_such_key = 1\n{text}"),
        table => text.replacen(table, &format!("{table}\nno_such_key = 1"), 1),
    };
    let ConfigError::Invalid(refusal) = parse(&with_stranger).unwrap_err() else {
        panic!("{table:?} is not refused for its key");
    };
    let mut quoted = refusal.message.split('`').skip(1).step_by(2);
    assert_eq!(quoted.next(), Some("no_such_key"), "{refusal}");
    quoted.map(str::to_owned).collect()
}

#[test]
fn every_key_is_annotated() {
    let text = read(ANNOTATED);
    let is_table = |line: &&str| line.starts_with('[');
    let tables: Vec<&str> = text.lines().filter(is_table).collect();
    assert_eq!(tables.len(), 17, "{tables:?}");
    let top = permitted_keys(&text, "");
    let upstreams = UPSTREAMS.map(|(path, _)| read(path)).concat() + &read("config/store.toml");
    for key in &top {
        let annotated = text.lines().chain(upstreams.lines()).any(|line| {
            line.trim_start_matches("# ")
                .starts_with(&format!("{key} = "))
                || line == format!("[{key}]")
                || line == format!("[[{key}]]")
        });
        assert!(annotated, "{key} is not annotated");
    }
    for table in tables {
        let (_, rest) = text.split_once(table).unwrap();
        let mut section = rest.split("\n[").next().unwrap().to_owned();
        if table == "[[relying_party]]" {
            // What Entra can have nothing of stands beside another one.
            section += &read("config/relying-party.toml");
        }
        let keys = permitted_keys(&text, table);
        assert!(!keys.is_empty());
        for key in keys {
            let annotated = section.lines().any(|line| {
                line.trim_start_matches(['#', ' '])
                    .starts_with(&format!("{key} = "))
            });
            assert!(annotated, "{key} of {table} is not annotated");
        }
    }
}

/// The files that annotate upstreams, and the table that says how one is spoken to.
const UPSTREAMS: [(&str, &str); 2] = [
    ("config/upstream-saml2.toml", "[upstream.saml2]"),
    ("config/upstream-openid.toml", "[upstream.openid]"),
];

#[test]
fn every_key_of_an_upstream_is_annotated_and_commented_out_if_it_is_the_default() {
    for (path, protocol) in UPSTREAMS {
        let fragment = read(path);
        let whole = |fragment: &str| format!("{}\n{fragment}", read(ANNOTATED));
        // At the beginning of a line: comments name them, too.
        for table in ["\n[[upstream]]".to_owned(), format!("\n{protocol}")] {
            let (_, section) = fragment.split_once(&table).unwrap();
            let section = section.split("\n[").next().unwrap();
            for key in permitted_keys(&whole(&fragment), &table) {
                let annotated = section.lines().any(|line| {
                    line.trim_start_matches(['#', ' '])
                        .starts_with(&format!("{key} = "))
                });
                // Each file has its own protocol.
                let is_protocol = UPSTREAMS
                    .iter()
                    .any(|(_, one)| one.ends_with(&format!(".{key}]")));
                assert!(annotated || is_protocol, "{key} of {table} in {path}");
            }
        }
        let shown = |fragment: &str| {
            let config = parse(&whole(fragment)).unwrap_or_else(|error| panic!("{path}: {error}"));
            format!("{config:#?}")
        };
        let keys: Vec<_> = fragment.lines().filter_map(commented_key).collect();
        assert!(keys.len() > 5, "{keys:?}");
        for key in keys {
            let written = uncommented(&fragment, |other| other == key);
            assert_eq!(shown(&written), shown(&fragment), "{key} of {path}");
        }
    }
}

#[test]
fn every_key_of_the_store_is_annotated() {
    let fragment = read("config/store.toml");
    let text = format!("{}\n{fragment}", read(ANNOTATED));
    parse(&text).expect("the example and a store");
    for key in permitted_keys(&text, "\n[store]") {
        let annotated = fragment.lines().any(|line| {
            line.trim_start_matches(['#', ' '])
                .starts_with(&format!("{key} = "))
        });
        assert!(annotated, "{key} of [store]");
    }
}

#[test]
fn what_is_commented_out_of_a_relying_party_may_be_written() {
    let fragment = read("config/relying-party.toml");
    let keys: Vec<_> = fragment.lines().filter_map(commented_key).collect();
    assert!(keys.len() > 3, "{keys:?}");
    let text = format!(
        "{}\n{}",
        read(ANNOTATED),
        uncommented(&fragment, |key| keys.contains(&key))
    );
    parse(&text).expect("with everything that is commented out");
    let with_stranger = text.replacen("metadata = {", "metadata = { no_such_key = 1,", 1);
    let ConfigError::Invalid(refusal) = parse(&with_stranger).unwrap_err() else {
        panic!("not refused");
    };
    let permitted: Vec<_> = refusal.message.split('`').skip(3).step_by(2).collect();
    assert!(permitted.len() > 5, "{refusal}");
    for key in permitted {
        assert!(fragment.contains(&format!("\n#   {key} ")), "{key}");
    }
}

#[test]
fn every_key_of_a_claim_is_annotated() {
    let fragment = read("config/relying-party.toml");
    let text = format!("{}\n{fragment}", read(ANNOTATED));
    parse(&text).expect("the example and one relying party more");
    let claim = "[[relying_party.claim]]";
    let section = fragment.split(claim).nth(1).unwrap();
    for key in permitted_keys(&text, claim) {
        assert!(section.contains(&format!("\n{key} = ")), "{key}");
    }
    // In the words of the refusal of another key.
    let permitted = |table: &str| {
        let with_stranger = text.replacen(table, &format!("{table} no_such_key = 1,"), 1);
        let ConfigError::Invalid(refusal) = parse(&with_stranger).unwrap_err() else {
            panic!("{table:?} is not refused for its key");
        };
        assert!(refusal.message.contains("no_such_key"), "{refusal}");
        let quoted = refusal.message.split('`').skip(3).step_by(2);
        quoted.map(str::to_owned).collect::<Vec<_>>()
    };
    let conditions = permitted("issue_if = {");
    assert!(conditions.len() > 5, "{conditions:?}");
    for key in conditions {
        assert!(fragment.contains(&format!("\n#   {key} ")), "{key}");
    }
    for key in permitted("attribute = { name = \"title\",") {
        assert!(fragment.contains(&format!("{key} = ")), "{key}");
    }
    for table in ["replace = {", "{ group = \"CN=Wiki Admins"] {
        assert!(fragment.contains(table));
    }
}
