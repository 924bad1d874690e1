//! The Ping view at three sizes: the table with each of its panes, and the matrix.

use std::sync::Arc;
use std::time::Duration;

use crate::app::Effect;
use crate::app::tests::Session;
use crate::engine::report::{Command, Report};
use crate::ui::tests::{SIZES, pinging, screen, series};
use crate::ui::theme::Theme;

/// A trace of four hops with some loss.
fn trace(s: &mut Session) {
    use crate::probe::trace::{Hop, Mtu, Trace};
    s.keys("t");
    insta::assert_snapshot!("trace_begins_80x24", screen(&s.state, Theme::default(), SIZES[1], false));
    let target = s.state.asked_targets().into_iter().nth(2).unwrap();
    let hop = |limit: u8, by: &[&str], rtts: &[f64]| {
        let of = series("", std::net::Ipv6Addr::UNSPECIFIED, rtts);
        Hop {
            limit,
            by: by.iter().map(|by| (by.parse().unwrap(), of.received)).collect(),
            sent: of.sent,
            received: of.received,
            lost: of.lost,
            stats: of.stats,
            recent: of.recent.to_vec(),
            error: None,
        }
    };
    let own = target.address.to_string();
    let trace = Trace {
        target,
        rounds: 4,
        interval: Duration::from_secs(1),
        hops: vec![
            hop(1, &["fdaa:0:18::3"], &[11.2, 11.4, 11.3, 11.2]),
            hop(2, &["fdaa:0:18::9", "fdaa:0:18::8"], &[14.0, 0.0, 14.2, 14.1]),
            hop(3, &[], &[0.0, 0.0, 0.0, 0.0]),
            hop(4, &[&own], &[21.0, 21.4, 20.9, 21.3]),
        ],
        end: Some(4),
        mtu: Mtu {
            fits: Some(1300),
            too_big: Some(1420),
            by: "fdaa:0:18::9".parse().ok(),
            black_hole: false,
            done: true,
        },
        done: false,
    };
    s.report(Report::Trace(Arc::new(trace)));
    s.wait(4);
    for at in SIZES {
        let name = format!("trace_{}x{}", at.0, at.1);
        insta::assert_snapshot!(name, screen(&s.state, Theme::default(), at, false));
    }
}

/// Ports in every state, then with their protocols.
fn ports(s: &mut Session) {
    use crate::probe::port::{Port, PortResult};
    use crate::probe::protocol::{Banner, Protocol, ProtocolCheck};
    s.keys("o");
    let [Effect::Ask(_, Command::Ports(checks)), Effect::Ask(_, Command::Trace(None))] = s.effects.as_slice()
    else {
        panic!("{:?}", s.effects)
    };
    let ends = [Port::Refused, Port::Open(Duration::from_micros(11_300)), Port::Filtered];
    let settled: Vec<PortResult> = checks
        .iter()
        .cloned()
        .zip(ends.into_iter().cycle())
        .map(|(check, port)| PortResult { check, port, protocol: None })
        .collect();
    s.report(Report::Ports(Arc::new(settled[..5].to_vec())));
    insta::assert_snapshot!("ports_under_way_80x24", screen(&s.state, Theme::default(), SIZES[1], false));
    s.report(Report::Ports(Arc::new(settled.clone())));
    s.wait(4);
    for at in SIZES {
        let name = format!("ports_{}x{}", at.0, at.1);
        insta::assert_snapshot!(name, screen(&s.state, Theme::default(), at, false));
    }
    s.keys("O");
    let [Effect::Ask(_, Command::Ports(checks))] = s.effects.as_slice() else { panic!("{:?}", s.effects) };
    assert!(checks.iter().all(|check| check.host.as_deref() == Some("web.internal")), "{checks:?}");
    let found = [
        (Protocol::Http, Banner::Fits("HTTP/1.1 200 OK".into())),
        (Protocol::Tls, Protocol::Tls.judge(&crate::probe::tls::tests::flight(900))),
        (Protocol::Http, Banner::Other("SSH-2.0-OpenSSH_9.2".into())),
        (Protocol::Http, Banner::NoData),
    ];
    let open = Port::Open(Duration::from_micros(11_300));
    let banner = checks.iter().cloned().zip(found).map(|(check, (protocol, banner))| PortResult {
        check,
        port: open.clone(),
        protocol: Some(ProtocolCheck { protocol, banner }),
    });
    s.report(Report::Ports(Arc::new(banner.chain(settled.into_iter().skip(4)).collect())));
    s.wait(4);
    for at in SIZES {
        let name = format!("ports_protocols_{}x{}", at.0, at.1);
        insta::assert_snapshot!(name, screen(&s.state, Theme::default(), at, false));
    }
    s.keys("<esc>");
    assert_eq!(s.state.views.ping.lower, crate::app::views::ping::Lower::Chart);
}

#[test]
fn ping() {
    let s = pinging();
    for at in SIZES {
        let name = format!("ping_{}x{}", at.0, at.1);
        insta::assert_snapshot!(name, screen(&s.state, Theme::default(), at, true));
    }
    for (name, keys) in [("histogram", "v"), ("replies", "vv"), ("earlier", "hhW"), ("paused", " ")] {
        let mut s = pinging();
        s.keys(keys);
        s.wait(4);
        for at in [SIZES[1], SIZES[2]] {
            let name = format!("ping_{name}_{}x{}", at.0, at.1);
            insta::assert_snapshot!(name, screen(&s.state, Theme::default(), at, false));
        }
    }
    let mut s = pinging();
    trace(&mut s);
    ports(&mut s);
    let mut matrix = pinging();
    matrix.keys("Mj");
    matrix.wait(4);
    for at in SIZES {
        let name = format!("matrix_{}x{}", at.0, at.1);
        insta::assert_snapshot!(name, screen(&matrix.state, Theme::default(), at, true));
    }
    let mut gone = pinging();
    gone.catalog(&["web:iad/148e21b7c93d89", "api:iad/2874d13b5f0e68,lhr/e2865a6e82319b"]);
    let all = gone.state.networks.front().shown.pings.clone();
    gone.report(Report::Pings(all));
    insta::assert_snapshot!("ping_gone_80x24", screen(&gone.state, Theme::default(), SIZES[1], true));
    let mut nobody = Session::attached();
    nobody.keys("3");
    insta::assert_snapshot!("ping_nobody_80x24", screen(&nobody.state, Theme::default(), SIZES[1], false));
}
