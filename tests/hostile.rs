//! Rows 36 to 48 of the table of faults: name servers that are silent, lie, cut, and answer nonsense, over a real
//! tunnel, against the commands as they are typed. Each test is named by its row.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod common;

use std::net::SocketAddrV6;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use common::gateway::ends;
use common::liar::{Do, Liar, Over, Query, SERVER, aaaa, fit, record, text, txt};
use serde_json::Value;

const ADDRESS: &str = "fdaa:0:18:a7b:7d:f066:b83b:2";
/// Someone else's.
const WRONG: &str = "fdaa:0:18::bad";

fn json(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Transport and result of each attempt.
fn tries(printed: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    printed["tries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["transport"]), text(&one["end"])))
        .collect()
}

fn the(transport: &str, end: &str) -> (String, String) {
    (transport.to_owned(), end.to_owned())
}

/// Bytes of `out` that a terminal would obey, or that turn lines about.
fn dangerous(out: &str) -> Vec<char> {
    let bidi =
        ['\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}'];
    out.chars()
        .filter(|c| (c.is_control() && !matches!(c, '\n' | '\t')) || bidi.contains(c) || *c == '\u{200b}')
        .collect()
}

#[test]
fn row_36_a_silent_server_is_reported_per_attempt_and_delays_no_other_query() {
    let liar = Liar::new(|query| match query.name().as_str() {
        "stuck.internal" => vec![],
        _ => vec![Do::Say(query.answer(&[aaaa(ADDRESS)]))],
    });
    let (out, err) = ends(&liar.run(&["dig", "stuck", "web", "+short", "+time=2"]), 5);
    assert_eq!(out, format!("{ADDRESS}\n"));
    assert!(
        err.contains("no response from [fdaa:0:18::3]:53 for stuck.internal.: no response within 2000 ms"),
        "{err}"
    );
    let (out, _) = ends(&liar.run(&["dig", "stuck", "+time=2", "--json"]), 5);
    let printed = &json(&out)[0];
    assert_eq!(printed["status"], "timeout");
    let silent = ["UDP", "UDP", "UDP", "TCP"].map(|transport| the(transport, "no-response"));
    assert_eq!(tries(printed), silent);
    // The patience of each try, over a round trip that is guessed.
    let sent: Vec<f64> =
        printed["tries"].as_array().unwrap().iter().map(|one| one["sent_ms"].as_f64().unwrap()).collect();
    let gaps: Vec<f64> = sent.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] >= 50.0 && gaps[1] >= 150.0 && gaps[2] >= 450.0, "{gaps:?}");
}

#[test]
fn row_36_an_app_without_responses_is_unknown_and_the_others_are_known() {
    let liar = Liar::new(|query| {
        let name = query.name();
        let said = match name.as_str() {
            "_apps.internal" => query.answer(&[text(b"web,stuck")]),
            "vms.web.internal" => query.answer(&[text(b"148e21b7c93d89 iad")]),
            "web.internal" | "148e21b7c93d89.vm.web.internal" => query.answer(&[aaaa(ADDRESS)]),
            name if name.contains("stuck") => return vec![],
            _ => query.code(3),
        };
        vec![Do::Say(said)]
    });
    let (out, err) = ends(&liar.run(&["tree"]), 6);
    assert!(out.contains("web  1\n") && out.contains(&format!("    148e21b7c93d89  {ADDRESS}\n")), "{out}");
    assert!(out.contains("stuck  not known\n"), "{out}");
    assert!(err.contains("stuck") && err.contains("timeout"), "{err}");
}

#[test]
fn row_36_a_server_that_is_silent_about_everything_is_an_error() {
    let liar = Liar::new(|_| vec![]);
    let (out, err) = ends(&liar.run(&["tree"]), 5);
    assert_eq!(out, "");
    assert!(err.contains("no valid response from the name server fdaa:0:18::3"), "{err}");
}

#[test]
fn row_37_an_error_code_is_shown_as_that_code() {
    for (code, word) in [(2, "SERVFAIL"), (4, "NOTIMP"), (5, "REFUSED"), (9, "NOTAUTH"), (11, "RESERVED11")] {
        let liar = Liar::new(move |query| vec![Do::Say(query.code(code))]);
        let (out, _) = ends(&liar.run(&["dig", "web"]), 5);
        assert!(out.contains(&format!("status: {word}, ")), "{out}");
        let (out, _) = ends(&liar.run(&["dig", "web", "--json"]), 5);
        assert_eq!(json(&out)[0]["status"], word);
        assert_eq!(liar.asked("web.internal").len(), 2, "it is an answer, and is not asked for again");
    }
}

#[test]
fn row_37_after_formerr_one_query_without_edns_is_sent() {
    let liar = Liar::new(|query| {
        vec![Do::Say(if query.edns() { query.code(1) } else { query.answer(&[aaaa(ADDRESS)]) })]
    });
    let (out, _) = ends(&liar.run(&["dig", "web", "--json"]), 0);
    assert_eq!(tries(&json(&out)[0]), [the("UDP", "formerr"), the("UDP", "response")]);
    let liar = Liar::new(|query| vec![Do::Say(query.code(1))]);
    let (out, _) = ends(&liar.run(&["dig", "web", "--json"]), 5);
    assert_eq!(json(&out)[0]["status"], "FORMERR");
    assert_eq!(liar.asked("web.internal").len(), 2);
    // A server that does not even repeat the question.
    let liar = Liar::new(|query| {
        let mut bare = query.code(1);
        bare.truncate(12);
        bare[5] = 0;
        vec![Do::Say(bare)]
    });
    let (out, _) = ends(&liar.run(&["dig", "web"]), 5);
    assert!(out.contains("status: FORMERR"), "{out}");
}

#[test]
fn row_38_a_missing_name_and_a_name_without_records_are_distinguished() {
    let liar = Liar::of(vec![("stopped.internal", vec![])]);
    let (out, err) = ends(&liar.run(&["dig", "stopped", "+explain"]), 1);
    assert!(
        out.contains("status: NOERROR") && err.contains("`stopped` exists but has no started machine"),
        "{err}"
    );
    let (out, err) = ends(&liar.run(&["dig", "nope", "+explain"]), 1);
    assert!(out.contains("status: NXDOMAIN") && err.contains("no app `nope`"), "{err}");
}

#[test]
fn row_39_responses_to_no_query_are_ignored_and_counted() {
    let elsewhere = |port| SocketAddrV6::new(*SERVER.ip(), port, 0, 0);
    let stranger = SocketAddrV6::new("fdaa:0:18::66".parse().unwrap(), 53, 0, 0);
    let liar = Liar::new(move |query| {
        let (right, wrong) = (query.answer(&[aaaa(ADDRESS)]), query.answer(&[aaaa(WRONG)]));
        let mut other_id = wrong.clone();
        other_id[0] ^= 0x55;
        let mut other_name = wrong.clone();
        other_name[13] ^= 1;
        let mut other_type = wrong.clone();
        let end = 12 + query.labels().iter().map(|label| label.len() + 1).sum::<usize>() + 1;
        other_type[end + 1] = 16;
        let mut question = wrong.clone();
        question[2] &= 0x7f;
        vec![
            Do::Say(other_id),
            Do::Say(other_name),
            Do::Say(other_type),
            Do::Say(question),
            Do::Say(vec![0xff]),
            Do::Say(vec![]),
            Do::From(elsewhere(5353), wrong.clone()),
            Do::From(stranger, wrong),
            Do::Say(right.clone()),
            // Twice, and late.
            Do::Say(right.clone()),
            Do::Wait(Duration::from_millis(20)),
            Do::Say(right),
        ]
    });
    let (out, err) = ends(&liar.run(&["dig", "web", "+short", "+explain"]), 0);
    assert_eq!(out, format!("{ADDRESS}\n"));
    let counted = err.lines().find(|line| line.contains("ignored")).unwrap();
    // The empty one is none, and what comes after the answer may come too late to be counted.
    let count: u32 = counted.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    assert!((7..=10).contains(&count), "{counted}");
    // Without the right one there is no response, and the wrong ones are counted.
    let liar = Liar::new(move |query| vec![Do::From(stranger, query.answer(&[aaaa(WRONG)]))]);
    let (out, err) = ends(&liar.run(&["dig", "web", "+short", "+time=1"]), 5);
    assert_eq!(out, "");
    assert!(err.contains("received that match no query"), "{err}");
}

#[test]
fn row_40_truncated_responses_are_retried_over_one_connection_and_never_used_as_complete() {
    let liar = Liar::new(|query| {
        vec![Do::Say(match query.over {
            Over::Udp => query.message(0x200, 1, &aaaa(WRONG)),
            Over::Tcp(_) => query.answer(&[aaaa(ADDRESS), aaaa("fdaa::2")]),
        })]
    });
    let (out, _) = ends(&liar.run(&["dig", "web", "api", "db", "+short"]), 0);
    assert_eq!(out, format!("{ADDRESS}\nfdaa::2\n").repeat(3));
    let asked = liar.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|query| matches!(query.over, Over::Udp | Over::Tcp(1))), "one connection");
    assert_eq!(asked.len(), 6);
    let (out, _) = ends(&liar.run(&["dig", "web", "+ignore"]), 0);
    assert!(out.contains("flags: qr aa tc rd;") && out.contains(WRONG), "{out}");
}

#[test]
fn row_40_what_is_cut_over_tcp_too_is_partial_and_never_an_absence() {
    for listed in [vec![], vec![text(b"api,web")]] {
        let known = !listed.is_empty();
        let liar = Liar::new(move |query| {
            let said = match (query.name().as_str(), query.over) {
                ("_apps.internal", Over::Udp) => query.message(0x200, 0, &[]),
                ("_apps.internal", Over::Tcp(_)) => {
                    query.message(0x200, listed.len() as u16, &listed.concat())
                }
                _ => query.answer(&[]),
            };
            vec![Do::Say(said)]
        });
        let (out, err) = ends(&liar.run(&["tree"]), 6);
        assert_eq!(out.contains("api") && out.contains("web"), known, "{out}");
        assert!(err.contains("_apps.internal TXT: incomplete response"), "{err}");
        assert!(!out.contains("No apps"), "{out}");
        ends(&liar.run(&["dig", "_apps", "TXT"]), 6);
        ends(&liar.run(&["dig", "_apps", "TXT", "+ignore"]), 6);
        let output = liar.run(&["doctor"]);
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(out.contains("Connected") && !out.contains("no apps"), "{out}");
    }
}

#[test]
fn row_40_a_record_that_cannot_be_read_is_partial() {
    // An AAAA record of three bytes beside a whole one.
    let liar = Liar::new(|query| vec![Do::Say(query.answer(&[record(28, b"abc"), aaaa(ADDRESS)]))]);
    let (out, _) = ends(&liar.run(&["dig", "web", "+short"]), 6);
    assert!(out.contains(ADDRESS), "{out}");
}

/// What a server does on a connection; `web` is asked for over TCP. Gives the exit code, and output and errors.
fn over_tcp(
    code: i32,
    lies: impl FnMut(&Query, usize) -> Vec<Do> + Send + 'static,
) -> (String, String, usize) {
    let mut lies = lies;
    let liar = Liar::new(move |query| match query.over {
        Over::Tcp(number) => lies(query, number),
        Over::Udp => panic!("nothing goes over UDP"),
    });
    let (out, err) = ends(&liar.run(&["dig", "web", "+short", "+tcp", "+time=2"]), code);
    (out, err, liar.asked("web.internal").len())
}

/// A message with its length before it.
fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = (message.len() as u16).to_be_bytes().to_vec();
    frame.extend(message);
    frame
}

#[test]
fn row_41_a_connection_that_ends_in_a_message_is_tried_once_more_and_is_then_an_error() {
    let half = |query: &Query| {
        let frame = framed(&query.answer(&[aaaa(ADDRESS)]));
        vec![Do::Raw(frame[..frame.len() / 2].to_vec()), Do::Close]
    };
    let (out, err, asked) = over_tcp(5, move |query, _| half(query));
    assert_eq!((out.as_str(), asked), ("", 2));
    assert!(err.contains("the TCP connection failed"), "{err}");
    let (out, err, asked) = over_tcp(0, move |query, connection| match connection {
        1 => half(query),
        _ => vec![Do::Say(query.answer(&[aaaa(ADDRESS)]))],
    });
    assert_eq!((out, err.as_str(), asked), (format!("{ADDRESS}\n"), "", 2));
}

#[test]
fn row_41_an_empty_message_is_an_error() {
    let (out, err, asked) = over_tcp(5, |_, _| vec![Do::Raw(vec![0, 0]), Do::Close]);
    assert_eq!((out.as_str(), asked), ("", 2));
    assert!(err.contains("an empty message"), "{err}");
}

#[test]
fn row_41_a_length_beyond_what_comes_is_an_error() {
    let (out, err, asked) = over_tcp(5, |query, _| {
        let message = query.answer(&[aaaa(ADDRESS)]);
        let mut frame = framed(&message);
        frame[0] = 0x40;
        vec![Do::Raw(frame), Do::Close]
    });
    assert_eq!((out.as_str(), asked), ("", 2));
    assert!(err.contains("the TCP connection failed"), "{err}");
}

#[test]
fn row_41_one_byte_in_each_segment_is_a_message_all_the_same() {
    let (out, err, asked) = over_tcp(0, |query, _| vec![Do::Drip(framed(&query.answer(&[aaaa(ADDRESS)])))]);
    assert_eq!((out, err.as_str(), asked), (format!("{ADDRESS}\n"), "", 1));
}

#[test]
fn row_41_a_reset_is_an_error() {
    let (out, err, _) = over_tcp(5, |_, _| vec![Do::Reset]);
    assert_eq!(out, "");
    assert!(err.contains("the TCP connection failed"), "{err}");
}

#[test]
fn row_41_a_connection_on_which_nothing_comes_ends_with_the_time() {
    let (out, err, asked) = over_tcp(5, |_, _| vec![]);
    assert_eq!((out.as_str(), asked), ("", 1));
    assert!(err.contains("no response within 2000 ms (TCP after 0 ms: no response)"), "{err}");
}

#[test]
fn row_42_the_largest_messages_are_read() {
    // 2,000 addresses.
    let liar = Liar::new(|query| {
        let records: Vec<_> = (0..2000).map(|n| aaaa(&format!("fdaa:0:18::{n:x}"))).collect();
        vec![Do::Say(fit(query, query.answer(&records)))]
    });
    let (out, _) = ends(&liar.run(&["dig", "web", "+short"]), 0);
    assert_eq!((out.lines().count(), out.lines().last()), (2000, Some("fdaa:0:18::7cf")));
    // A TXT record of 255 strings of 255 bytes.
    let liar = Liar::new(|query| vec![Do::Say(fit(query, query.answer(&[txt(&[&[b'x'; 254][..]; 255])])))]);
    let (out, _) = ends(&liar.run(&["dig", "web", "TXT", "+short"]), 0);
    assert_eq!(out.matches(&format!("\"{}\"", "x".repeat(254))).count(), 255);
    // Not a byte more goes into a frame.
    let liar = Liar::new(|query| {
        let room = 65_535 - query.answer(&[]).len() - 12;
        vec![Do::Say(fit(query, query.answer(&[record(65_280, &vec![0xab; room])])))]
    });
    let (out, _) = ends(&liar.run(&["dig", "web", "TYPE65280", "--json"]), 0);
    assert_eq!(json(&out)[0]["bytes"], 65_535);
}

#[test]
fn row_43_messages_that_are_none_are_errors_and_loop_nowhere() {
    type Bend = fn(&Query) -> Vec<u8>;
    let bends: [(&str, Bend); 8] = [
        ("a name that points at itself", |query| {
            let at = query.answer(&[]).len() as u16;
            let mut wire = query.message(0, 1, &[]);
            wire.extend((0xc000 | at).to_be_bytes());
            wire.extend([0, 28, 0, 1, 0, 0, 0, 5, 0, 0]);
            wire
        }),
        ("two names that point at each other", |query| {
            let at = query.answer(&[]).len() as u16;
            let mut wire = query.message(0, 2, &[]);
            for target in [at + 12, at] {
                wire.extend((0xc000 | target).to_be_bytes());
                wire.extend([0, 28, 0, 1, 0, 0, 0, 5, 0, 0]);
            }
            wire
        }),
        ("a name that points past the end", |query| {
            let mut wire = query.message(0, 1, &[0xff, 0xff]);
            wire.extend([0, 28, 0, 1, 0, 0, 0, 5, 0, 0]);
            wire
        }),
        ("data longer than the message", |query| {
            let mut record = aaaa(ADDRESS);
            record[11] = 200;
            query.message(0, 1, &record)
        }),
        ("fewer records than are counted", |query| query.message(0, 9, &aaaa(ADDRESS))),
        ("a label with reserved bits", |query| {
            let mut wire = query.message(0, 1, &[0x80, 1]);
            wire.extend([0, 28, 0, 1, 0, 0, 0, 5, 0, 0]);
            wire
        }),
        ("a name of more than 255 bytes", |query| {
            let mut wire = query.message(0, 1, &[]);
            for _ in 0..5 {
                wire.push(63);
                wire.extend([b'a'; 63]);
            }
            wire.extend([0, 0, 28, 0, 1, 0, 0, 0, 5, 0, 0]);
            wire
        }),
        ("nothing after the header", |query| query.answer(&[])[..12].to_vec()),
    ];
    for (what, bend) in bends {
        let liar = Liar::new(move |query| vec![Do::Say(bend(query))]);
        let (out, err) = ends(&liar.run(&["dig", "web", "+time=1"]), 5);
        assert!(!out.contains(ADDRESS) && err.contains("web.internal."), "{what}: {out}{err}");
        let (out, err) = ends(&liar.run(&["tree"]), 5);
        assert!(out.is_empty() && err.contains("no valid response"), "{what}: {out}{err}");
    }
}

#[test]
fn row_43_a_txt_record_without_data_and_labels_of_63_bytes_are_read() {
    let liar = Liar::of(vec![("_apps.internal", vec![record(16, &[]), text(b"web")])]);
    let (out, _) = ends(&liar.run(&["dig", "_apps", "--json"]), 0);
    assert_eq!(json(&out)[0]["message"]["ANCOUNT"], 2);
    let (out, _) = ends(&liar.run(&["tree"]), 0);
    assert!(out.contains("web  no started machines") || out.contains("web  not known"), "{out}");
    let long = "a".repeat(63);
    let liar = Liar::new(|query| vec![Do::Say(query.answer(&[aaaa(ADDRESS)]))]);
    let (out, _) = ends(&liar.run(&["dig", &format!("{long}.vm.{long}.internal"), "+short"]), 0);
    assert_eq!(out, format!("{ADDRESS}\n"));
}

/// Lists for a whole org, of apps without machines.
fn apps(list: Vec<Vec<u8>>) -> Liar {
    Liar::of(vec![("_apps.internal", list)])
}

/// The names of the apps in the tree as JSON, as bytes.
fn listed(liar: &Liar, code: i32) -> Vec<Vec<u8>> {
    let (out, _) = ends(&liar.run(&["tree", "--json"]), code);
    let tree = &json(&out)[0];
    let name = |app: &Value| match app["name_raw"].as_str() {
        Some(raw) => BASE64_STANDARD.decode(raw).unwrap(),
        None => app["name"].as_str().unwrap().as_bytes().to_vec(),
    };
    tree["apps"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn row_44_strings_of_a_record_are_joined_and_records_kept_apart() {
    // A name that the border of two strings cuts.
    let liar = apps(vec![txt(&[b"web,a", b"pi,d", b"", b"b"]), text(b"jobs,cache")]);
    assert_eq!(listed(&liar, 0), [&b"api"[..], b"cache", b"db", b"jobs", b"web"]);
    let (out, _) = ends(&liar.run(&["dig", "_apps", "+short"]), 0);
    assert_eq!(out, "\"web,a\" \"pi,d\" \"\" \"b\"\n\"jobs,cache\"\n");
    let long = [b'x'; 63];
    let mut list = b"y,".repeat(100);
    list.extend([&long[..], b",z"].concat());
    assert_eq!(listed(&apps(vec![text(&list)]), 0), [&long[..], b"y", b"z"]);
}

#[test]
fn row_45_bytes_that_a_terminal_would_obey_are_shown_escaped_and_kept_for_programs() {
    let names: [&[u8]; 10] = [
        b"esc\x1b[31mred",
        b"osc\x1b]52;c;aGk=\x07",
        b"cr\rover",
        b"nl\nline",
        b"bad\xff\xfe",
        "bidi\u{202e}txt".as_bytes(),
        "zero\u{200b}width".as_bytes(),
        "emoji🎉".as_bytes(),
        "漢字".as_bytes(),
        b"nul\0del\x7f",
    ];
    let liar = apps(vec![text(&names.join(&b','))]);
    let mut want: Vec<Vec<u8>> = names.iter().map(|name| name.to_vec()).collect();
    want.sort();
    let mut got = listed(&liar, 0);
    got.sort();
    assert_eq!(got, want);
    for words in [
        &["tree"][..],
        &["dig", "_apps"],
        &["dig", "_apps", "+short"],
        &["tree", "--json"],
        &["dig", "_apps", "--json"],
    ] {
        let (out, err) = ends(&liar.run(words), 0);
        assert_eq!((dangerous(&out), dangerous(&err)), (vec![], vec![]), "{words:?}: {out:?}");
    }
    let (out, _) = ends(&liar.run(&["dig", "_apps", "+short"]), 0);
    assert!(out.contains(r"esc\027[31mred") && out.contains(r"bad\255\254"), "{out}");
}

#[test]
fn row_46_lists_are_split_whatever_is_in_them() {
    for list in [&b""[..], b",", b" , ,", b"\""] {
        let want: &[&[u8]] = if list == b"\"" { &[b"\""] } else { &[] };
        assert_eq!(listed(&apps(vec![text(list)]), i32::from(want.is_empty())), want, "{list:?}");
    }
    let (out, _) = ends(&apps(vec![text(b"")]).run(&["tree"]), 1);
    assert!(out.contains("Either none is running or this conf belongs to another network."), "{out}");
    assert_eq!(listed(&apps(vec![]), 1), [b""; 0], "no record at all");
    assert_eq!(listed(&apps(vec![text(b" web , api,,db,web,")]), 0), [&b"api"[..], b"db", b"web"]);
    let instances = format!(
        "instance=1f,app=web,ip={ADDRESS},region=iad,size=shared-cpu-1x;nonsense;instance=2f;;instance=3f,app=web,ip=no"
    );
    let instances: &'static [u8] = instances.leak().as_bytes();
    let liar = Liar::of(vec![
        ("_apps.internal", vec![text(b"web")]),
        ("_instances.internal", vec![text(instances)]),
        ("vms.web.internal", vec![text(b"1f iad,3f")]),
    ]);
    let output = liar.run(&["tree", "--json"]);
    let tree = json(std::str::from_utf8(&output.stdout).unwrap())[0].clone();
    let regions = tree["apps"][0]["regions"].as_array().unwrap();
    let machines: Vec<&Value> =
        regions.iter().flat_map(|region| region["machines"].as_array().unwrap()).collect();
    assert_eq!(machines.len(), 2, "{tree}");
    let first = machines.iter().find(|machine| machine["id"] == "1f").unwrap();
    assert_eq!((&first["address"], &first["extra"]["size"]), (&ADDRESS.into(), &"shared-cpu-1x".into()));
}

#[test]
fn row_47_other_records_in_the_answer_are_skipped() {
    let alias = || record(5, b"\x05other\x08internal\0");
    let liar = Liar::of(vec![
        ("_apps.internal", vec![alias(), aaaa(WRONG), text(b"web"), record(1, &[192, 0, 2, 1])]),
        ("web.internal", vec![alias(), aaaa(ADDRESS), text(b"not an address"), record(65_280, b"?")]),
        ("vms.web.internal", vec![alias(), text(b"1f iad"), aaaa(WRONG)]),
        ("1f.vm.web.internal", vec![text(b"x"), aaaa(ADDRESS)]),
    ]);
    let (out, _) = ends(&liar.run(&["tree"]), 0);
    assert!(out.contains("web  1\n") && out.contains(&format!("    1f  {ADDRESS}\n")), "{out}");
    let output = liar.run(&["ports", "web", "9", "--timeout", "2"]);
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains(ADDRESS) && !out.contains(WRONG), "{out}");
    let (out, _) = ends(&liar.run(&["dig", "web"]), 0);
    assert!(out.contains("ANSWER: 4") && out.contains("CNAME\tother.internal."), "{out}");
}

#[test]
fn row_48_a_name_is_its_bytes_whatever_they_are() {
    let long = "n".repeat(63);
    let names: [&[u8]; 6] = [b"a.b", b"_under", b"UPPER", long.as_bytes(), b"100%", b"two words"];
    let mut list = names.join(&b',');
    list.extend([&b","[..], &[b'q'; 64]].concat());
    let liar = Liar::new(move |query| {
        let labels = query.labels();
        let said = match labels.iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice() {
            [b"_apps", b"internal"] => query.answer(&[text(&list)]),
            [b"vms", _, b"internal"] => query.answer(&[text(b"1f iad")]),
            [b"1f", b"vm", _, b"internal"] | [_, b"internal"] => query.answer(&[aaaa(ADDRESS)]),
            _ => query.code(3),
        };
        vec![Do::Say(fit(query, said))]
    });
    let output = liar.run(&["tree"]);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for name in names {
        let asked = liar.asked.lock().unwrap().clone();
        let there = asked.iter().any(|query| {
            query.labels().first().is_some_and(|label| label == b"vms") && query.labels()[1] == name
        });
        assert!(there, "{:?} was asked for as one label", String::from_utf8_lossy(name));
    }
    assert!(
        out.contains("a.b  1\n") && out.contains("two words  1\n") && out.contains("100%  1\n"),
        "{out}{err}"
    );
    let asked = liar.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|query| query.labels().iter().all(|label| label.len() < 64)));
    // The same by hand.
    let count = asked.len();
    let (out, _) = ends(&liar.run(&["dig", r"a\.b", "+short"]), 0);
    assert_eq!(out, format!("{ADDRESS}\n"));
    assert_eq!(liar.asked.lock().unwrap()[count].labels()[0], b"a.b");
    let (_, err) = ends(&liar.run(&["dig", &"q".repeat(64)]), 2);
    assert!(err.contains("1 to 63 bytes"), "{err}");
    let (out, _) = ends(&liar.run(&["dig", "bücher", "+short"]), 0);
    assert_eq!(out, format!("{ADDRESS}\n"));
    let asked = liar.asked.lock().unwrap().clone();
    assert_eq!(
        (asked.len(), &asked[count + 1].labels()[0][..]),
        (count + 2, &b"xn--bcher-kva"[..]),
        "what is too long is not sent"
    );
}

/// `message` with an OPT record of this version, with the upper bits of an RCODE and these options.
fn with_opt(mut message: Vec<u8>, code: u16, version: u8, options: &[u8]) -> Vec<u8> {
    message[3] |= (code & 15) as u8;
    message[11] = 1;
    message.extend([0, 0, 41, 4, 208, (code >> 4) as u8, version, 0, 0, 0, options.len() as u8]);
    message.extend(options);
    message
}

/// The data of the cookie that came with a question, whose OPT record holds nothing else.
fn cookie(query: &Query) -> &[u8] {
    let at = query.wire.windows(2).rposition(|pair| pair == [0, 10]).unwrap();
    &query.wire[at + 4..]
}

#[test]
fn a_cookie_that_is_refused_is_renewed_as_dig_does_it() {
    // As some servers do, and as one that is never content: RFC 7873 §5.3.
    for stubborn in [false, true] {
        let liar = Liar::new(move |query| {
            let ours = cookie(query);
            let theirs = [&[0, 10, 0, 16][..], &ours[..8], &[query.nth as u8; 8]].concat();
            let bad = ours.len() == 8 || (stubborn && query.over == Over::Udp);
            vec![Do::Say(if bad {
                with_opt(query.code(0), 23, 0, &theirs)
            } else {
                with_opt(query.answer(&[aaaa(ADDRESS)]), 0, 0, &theirs)
            })]
        });
        let (out, _) = ends(&liar.run(&["dig", "web", "+cookie", "+qr", "+nostats"]), 0);
        let printed: Vec<&str> = out
            .lines()
            .filter(|line| ["BADCOOKIE", "Sending", "Got", "; COOKIE"].iter().any(|word| line.contains(word)))
            .map(|line| if line.contains("; COOKIE") { &line[line.len() - 7..] } else { line })
            .collect();
        let first = printed[1];
        let mut want = vec![";; Sending:", first, ";; BADCOOKIE, retrying.", ";; Sending:", "0000000"];
        if stubborn {
            want.extend([";; BADCOOKIE, retrying in TCP mode.", ";; Sending:", "1010101"]);
        }
        want.extend([";; Got answer:", " (good)"]);
        assert_eq!(printed, want, "{out}");
        let sent: Vec<Vec<u8>> =
            liar.asked("web.internal").iter().map(|query| cookie(query).to_vec()).collect();
        assert!(sent.iter().all(|cookie| cookie[..8] == sent[0][..8]), "the client's part stays");
        let (out, _) = ends(&liar.run(&["dig", "web", "+cookie", "+nobadcookie"]), 5);
        assert!(out.contains("status: BADCOOKIE"), "{out}");
    }
    // A response without a cookie, or with another client's, is not retried.
    for theirs in [&[][..], b"\0\x0a\0\x10another client's"] {
        let liar = Liar::new(move |query| vec![Do::Say(with_opt(query.code(0), 23, 0, theirs))]);
        let (out, _) = ends(&liar.run(&["dig", "web", "+cookie"]), 5);
        assert!(out.contains("status: BADCOOKIE") && liar.asked("web.internal").len() == 1, "{out}");
    }
}

#[test]
fn a_version_of_edns_that_is_refused_is_lowered_as_dig_does_it() {
    let version = |query: &Query| query.wire[query.wire.len() - 5];
    let liar = Liar::new(move |query| {
        vec![Do::Say(match version(query) {
            0 => with_opt(query.answer(&[aaaa(ADDRESS)]), 0, 0, &[]),
            _ => with_opt(query.code(0), 16, 0, &[]),
        })]
    });
    let (out, _) = ends(&liar.run(&["dig", "web", "+edns=5"]), 0);
    assert!(out.contains(";; BADVERS, retrying with EDNS version 0.\n;; Got answer:"), "{out}");
    let (out, _) = ends(&liar.run(&["dig", "web", "+edns=5", "--json"]), 0);
    assert_eq!(tries(&json(&out)[0]), [the("UDP", "badvers"), the("UDP", "response")]);
    let (out, _) = ends(&liar.run(&["dig", "web", "+edns=5", "+noednsnegotiation"]), 5);
    assert!(out.contains("status: BADVERS"), "{out}");
    // One that refuses what it says that it has.
    let liar = Liar::new(|query| vec![Do::Say(with_opt(query.code(0), 16, 0, &[]))]);
    ends(&liar.run(&["dig", "web", "+edns=255"]), 5);
    assert_eq!(liar.asked("web.internal").len(), 2);
}

#[test]
fn row_68_a_server_with_endless_apps_and_machines_ends_as_partial() {
    let list = |count: usize, name: &str| -> Vec<u8> {
        let names: Vec<String> = (0..count).map(|n| format!("{name}{n}")).collect();
        names.join(",").into_bytes()
    };
    // As many as fit into a message of 64 KiB.
    let (apps, machines) = (text(&list(200, "a")), text(&list(6_000, "m")));
    let liar = Liar::new(move |query| {
        let name = query.name();
        let long = |records: &Vec<u8>| match query.over {
            Over::Udp => query.message(0x200, 0, &[]),
            Over::Tcp(_) => query.answer(std::slice::from_ref(records)),
        };
        vec![Do::Say(match name.as_str() {
            "_apps.internal" => long(&apps),
            name if name.starts_with("vms.") => long(&machines),
            _ => query.answer(&[]),
        })]
    });
    let (out, err) = ends(&liar.run(&["tree", "--depth", "1"]), 6);
    assert!(out.contains("200 apps"), "{}", out.lines().next().unwrap());
    assert!(err.contains("more than 50000 apps, machines and peers"), "{err}");
}
