//! Input that is meant to hurt: it ends in a clear problem, with little work, and never in a panic.

use crate::support::work::little;
use kubesketch::diagnostic::Code;
use kubesketch::manifest::{Parsed, parse};
use kubesketch::source::Sources;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn read(text: impl Into<String>) -> (Parsed, Vec<(Code, u32, String)>) {
    let sources = Sources::from_texts([("x.yaml", text.into())]);
    let parsed = little(|| parse(&sources));
    let told = parsed.diagnostics.into_iter().map(|d| (d.code, d.at.unwrap().line, d.message)).collect();
    (parsed.value, told)
}

fn codes(text: impl Into<String>) -> Vec<Code> {
    read(text).1.into_iter().map(|t| t.0).collect()
}

const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";

#[test]
fn deep_nesting_of_every_kind_is_a_limit() {
    for unit in ["[", "{a: ", "- ", "? ", "{\"a\":", "[{", "- - ", "a: [", "{{"] {
        let told = codes(unit.repeat(100_000));
        assert_eq!(told.len(), 1, "{unit:?}: {told:?}");
        assert!(matches!(told[0], Code::YamlLimit | Code::YamlSyntax | Code::HelmTemplate), "{unit:?}: {told:?}");
    }
    for unit in ["[", "{a: ", "- ", "{\"a\":"] {
        assert_eq!(codes(unit.repeat(100_000)), [Code::YamlLimit], "{unit:?}");
    }
    let indented: String = (0..3000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    assert_eq!(codes(indented), [Code::YamlLimit]);
}

#[test]
fn what_is_just_not_too_deep_is_read() {
    let deep = |n: usize| format!("{HEAD}data: {}1{}\n", "[".repeat(n), "]".repeat(n));
    assert_eq!(codes(deep(511)), []);
    assert_eq!(codes(deep(512)), [Code::YamlLimit]);
}

#[test]
fn alias_bombs_are_a_limit() {
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for i in 1..30 {
        let item = format!("*a{}", i - 1);
        laughs.push_str(&format!("a{i}: &a{i} [{}]\n", vec![item; 9].join(", ")));
    }
    assert_eq!(codes(laughs), [Code::YamlLimit]);

    let long = "x".repeat(1 << 20);
    let copies = vec!["*a"; 10_000].join(", ");
    assert_eq!(codes(format!("a: &a {long}\nb: [{copies}]\n")), [Code::YamlLimit]);

    // Each level puts the one before it 400 levels further down.
    let mut deep = format!("a0: &a0 {}x{}\n", "[".repeat(400), "]".repeat(400));
    for i in 1..20 {
        deep.push_str(&format!("a{i}: &a{i} {}*a{}{}\n", "[".repeat(400), i - 1, "]".repeat(400)));
    }
    assert_eq!(codes(deep), [Code::YamlLimit]);

    let merges: String = (1..30).map(|i| format!("a{i}: &a{i} {{<<: [*a{0}, *a{0}], k{i}: 1}}\n", i - 1)).collect();
    assert_eq!(codes(format!("{HEAD}a0: &a0 {{k: 1}}\n{merges}")), []);
    assert_eq!(codes("a: &a {b: *a}\n"), [Code::YamlSyntax]);
    assert_eq!(codes("a: &a {<<: *a}\n"), [Code::YamlSyntax]);
}

#[test]
fn control_characters_are_told_at_once() {
    for (text, line) in [("\0", 1), ("a: b\nc: \u{1}\n", 2), ("{\"a\": \"\u{7f}\"}", 1), ("a: |\n  x\u{1b}[0m\n", 2)] {
        let (_, told) = read(text);
        assert_eq!(told.len(), 1, "{text:?}: {told:?}");
        assert_eq!((told[0].0, told[0].1), (Code::YamlSyntax, line));
    }
    assert_eq!(codes("\0".repeat(10 << 20)), [Code::YamlSyntax]);
}

#[test]
fn large_values_are_read() {
    let long = "x".repeat(20 << 20);
    let (parsed, told) = read(format!("{HEAD}data: {{a: \"{long}\"}}\n"));
    assert_eq!((parsed.objects.len(), told.len()), (1, 0));
    let (parsed, told) = read(format!("{HEAD}data:\n  a: |\n    {long}\n"));
    assert_eq!((parsed.objects.len(), told.len()), (1, 0));
    let flow: String = (0..500_000).map(|i| format!("k{i}: [a, b], ")).collect();
    let (parsed, told) = read(format!("{HEAD}data: {{{flow}}}\n"));
    assert_eq!((parsed.objects.len(), told.len()), (1, 0));
    let json: String = (0..500_000).map(|i| format!("\"k{i}\": [\"é\", 1], ")).collect();
    let (parsed, told) =
        read(format!("{{{json}\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {{\"name\": \"x\"}}}}"));
    assert_eq!((parsed.objects.len(), told.len()), (1, 0));
}

#[test]
fn repeated_keys_by_the_thousand_are_told_in_few_lines() {
    let same = "a: 1\n".repeat(100_000);
    let (_, told) = read(format!("{HEAD}{same}"));
    assert_eq!(told.len(), 1);
    let pairs: String = (0..200_000).map(|i| format!("  k{}: 1\n", i % 100_000)).collect();
    let (_, told) = read(format!("{HEAD}data:\n{pairs}"));
    assert!((1..10).contains(&told.len()), "{told:?}");
    assert!(told[4].2.contains("99995 more keys"), "{told:?}");
}

#[test]
fn many_small_mistakes_stay_quick() {
    let quotes: String = (0..2000).map(|i| format!("  a{i}: 'x\ny'\n")).collect();
    read(format!("{HEAD}data:\n{quotes}"));
    let documents: String = (0..5000).map(|i| format!("---\na: [{i}\nb: *x\n")).collect();
    assert_eq!(codes(documents).len(), 5000);
    let labels: String = (0..20_000).map(|i| format!("    l{i}: {i}\n")).collect();
    read(format!("apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  labels:\n{labels}"));
    read("---\n".repeat(1_000_000));
    read("{}".repeat(500_000));
    read("'".repeat(1_000_000));
    read("&a ".repeat(100_000));
    read("!!str ".repeat(100_000));
    read("a: b\n...\n".repeat(20_000));
    read("\u{feff}".repeat(100_000));
    read("# {{ .Values.x }}\na: [\n".repeat(20_000));
}

#[test]
fn odd_encodings_and_ends_of_line_are_fine() {
    for text in [
        HEAD.replace('\n', "\r\n"),
        HEAD.replace('\n', "\r"),
        format!("\u{feff}{HEAD}"),
        format!("---\r\n{}\r\n---\r\n", HEAD.replace('\n', "\r\n")),
        format!("%YAML 1.1\n---\n{HEAD}...\n"),
        format!("{HEAD}data: {{a:\tb,\t\"c\":\td}}\n"),
        format!("{HEAD}data: [\ta\t,\n\tb\n\t]\n"),
        format!("{HEAD}data: {{\n\ta: b,\n  \tc: \"x\n\ty\"\n}}\nspec: 'x\n\ty'\n"),
        HEAD.trim_end().to_owned(),
    ] {
        let (parsed, told) = read(text.clone());
        assert_eq!((parsed.objects.len(), told), (1, vec![]), "{text:?}");
    }
}

#[test]
fn threads_do_not_change_the_result() {
    let text: String =
        (0..300).map(|i| format!("---\n{HEAD}i: {i}\nj: [{}\n", if i % 3 == 0 { "" } else { "]" })).collect();
    let sources = Sources::from_texts([("a.yaml", text.clone()), ("b.yaml", text)]);
    let shown = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let parsed = pool.install(|| parse(&sources));
        format!("{:?} {:?}", parsed.value, parsed.diagnostics)
    };
    assert_eq!(shown(1), shown(4));
}

const MANIFEST: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: shop\n  labels: {app: shop, tier: \"1.0\"}\nspec:\n  selector:\n    app: shop\n  ports:\n  - name: http\n    port: 80 # outside\n    targetPort: &p 8080\n  - {name: admin, port: 81, targetPort: *p}\n---\napiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: \"shop\"}\nspec:\n  rules:\n  - host: 'shop.example'\n    http:\n      paths:\n      - path: /\n        backend: {serviceName: shop, servicePort: http}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  selector: {matchLabels: {app: shop}}\n  template:\n    metadata: {labels: {<<: {a: b}, app: shop}}\n    spec:\n      containers:\n      - name: shop\n        image: shop:1\n        command: [sh, -c, \"x\n          y\"]\n        env: [{name: A, value: \"b\"}]\n        ports: [{containerPort: 8080}]\n";

fn pieces() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "\t",
        "\n",
        " ",
        ":",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "*",
        "&a",
        "'",
        "\"",
        "|\n",
        ">",
        "---\n",
        "...\n",
        "<<: ",
        "!!int ",
        "{{ .x }}",
        "\u{feff}",
        "\0",
        "é",
        "😀",
        "%",
        "#",
        "?",
        ",",
        "0x",
        "~",
        "null",
        "kind: List\nitems:\n",
        "\\",
        "\r",
    ])
}

proptest! {
    // A fixed seed, so that a run says the same each time; PROPTEST_RNG_SEED and PROPTEST_CASES make it look elsewhere
    // and longer.
    #![proptest_config(ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(20), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
        read(text);
    }

    #[test]
    fn yaml_like_text_never_panics(pieces in prop::collection::vec(prop_oneof![pieces(), Just("a"), Just(" "), Just("\n"), Just("b: c\n")], 0..60)) {
        read(pieces.concat());
    }

    #[test]
    fn json_like_text_never_panics(text in "[\\[\\]{}\",:\\\\u0-9a-f \n.eE+-]{0,120}") {
        read(format!("{{\"a\":{text}"));
    }

    #[test]
    fn mutated_manifests_never_panic(edits in prop::collection::vec((0..MANIFEST.len(), 0..8usize, pieces()), 1..6)) {
        let mut text = MANIFEST.to_owned();
        for (at, remove, piece) in edits {
            let at = text.floor_char_boundary(at.min(text.len()));
            let end = text.floor_char_boundary((at + remove).min(text.len()));
            text.replace_range(at..end.max(at), piece);
        }
        let sources = Sources::from_texts([("x.yaml", text)]);
        let parsed = parse(&sources);
        for problem in parsed.diagnostics {
            let at = problem.at.unwrap();
            let text = sources.text(at.file);
            prop_assert!(text.get(at.start as usize..at.end as usize).is_some(), "{problem:?}");
            prop_assert!((at.line as usize) <= text.split(['\n', '\r']).count());
        }
    }
}

#[test]
fn the_unmutated_manifest_is_right() {
    let (parsed, told) = read(MANIFEST);
    assert_eq!((parsed.objects.len(), told), (3, vec![]));
}
