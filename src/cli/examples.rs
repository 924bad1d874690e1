//! The examples under `--help` and in the manual page. Each is run by a test.

/// The examples of the program (`""`) and of each command: a command line, and its purpose.
pub const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "",
        &[
            ("sixpane demo", "Open a demo network"),
            ("sixpane my-peer.conf", "Open the network of a conf"),
            ("sixpane tree", "Print the tree of the only conf in this folder"),
            ("sixpane dig web AAAA", "Query the addresses of an app"),
            ("sixpane doctor --app web", "Check the connection and an app"),
        ],
    ),
    (
        "tree",
        &[
            ("sixpane tree", "Print all apps, regions and machines"),
            ("sixpane tree --at web/iad", "Print one region of an app"),
            ("sixpane tree my-peer.conf --depth 2 --json", "Print apps and regions as JSON"),
        ],
    ),
    (
        "dig",
        &[
            ("sixpane dig web", "Query the addresses of web.internal"),
            ("sixpane dig +short _apps.internal", "Print only the list of apps"),
            ("sixpane dig my-peer.conf vms.web.internal TXT --json", "Print the response as JSON"),
            ("sixpane dig +explain web", "Add notes on the response"),
        ],
    ),
    (
        "ping",
        &[
            ("sixpane ping gateway -c 3", "Ping the gateway three times"),
            ("sixpane ping web -c 2 -i 0.2", "Ping all machines of an app"),
            ("sixpane ping web -c 4 -i 0.2 --round-robin", "Ping them one after the other, like a client"),
            ("sixpane ping gateway -c 3 -i 0.2 --format csv", "Print one row per reply"),
        ],
    ),
    (
        "trace",
        &[
            ("sixpane trace gateway -c 1", "Trace the route once, and measure the path MTU"),
            ("sixpane trace web -c 2 --no-mtu", "Two rounds, without the path MTU"),
            ("sixpane trace web -c 1 --json", "Print the route as JSON"),
        ],
    ),
    (
        "ports",
        &[
            ("sixpane ports web", "Check common ports of an app"),
            ("sixpane ports web 80 8000-8010", "Check these ports"),
            ("sixpane ports --protocol web 8080", "Check the protocol of an open port, too"),
        ],
    ),
    (
        "doctor",
        &[
            ("sixpane doctor", "Check everything from the conf to the machines"),
            ("sixpane doctor --app web:8080/http", "Also check a port of an app and its protocol"),
            ("sixpane doctor --markdown --redact > report.md", "Write a report to share"),
        ],
    ),
    (
        "find",
        &[
            ("sixpane find web", "Ask the networks of all confs that are found"),
            ("sixpane find web my-peer.conf", "Ask the network of one conf"),
            ("sixpane find web --json", "Print the result as JSON"),
        ],
    ),
    (
        "watch",
        &[
            ("sixpane watch", "Print each change"),
            ("sixpane watch --refresh 2", "Refresh every two seconds"),
            ("sixpane watch my-peer.conf --json", "Print one JSON object per change"),
        ],
    ),
    (
        "demo",
        &[
            ("sixpane demo", "Open the demo network"),
            ("sixpane demo --serve", "Run its gateway, and print a conf for other clients"),
            ("sixpane demo --serve --conf-out demo.conf", "Write the conf to a file"),
        ],
    ),
    (
        "addr",
        &[
            ("sixpane addr fdaa:0:18:a7b:7d:f066:b83b:2", "Decode the address of a machine"),
            ("sixpane addr fdaa:0:18::3", "Decode the address of a name server"),
            ("sixpane addr fdaa:0:18:a7b:7d:f066:b83b:2 --json", "Print the parts as JSON"),
        ],
    ),
    (
        "settings",
        &[
            ("sixpane settings", "Print a settings file with all defaults"),
            ("sixpane settings > settings.toml", "Begin a settings file"),
            ("sixpane settings --show", "Print the settings in effect and their sources"),
        ],
    ),
    (
        "keys",
        &[
            ("sixpane keys", "Print all keys"),
            ("sixpane keys | grep Ping", "Find the keys about ping"),
            ("sixpane keys --markdown > keys.md", "Write them as Markdown"),
        ],
    ),
    (
        "completions",
        &[
            ("sixpane completions bash", "Print the completions for bash"),
            ("sixpane completions zsh > _sixpane", "Write the completions for zsh"),
            ("sixpane completions fish > sixpane.fish", "Write the completions for fish"),
        ],
    ),
    (
        "man",
        &[
            ("sixpane man | man -l -", "Read the manual page"),
            ("sixpane man > sixpane.1", "Write the manual page to a file"),
            ("sixpane man | head -5", "Print its beginning"),
        ],
    ),
];

/// The examples of a command.
pub fn of(command: &str) -> &'static [(&'static str, &'static str)] {
    EXAMPLES.iter().find(|(name, _)| *name == command).map_or(&[], |(_, examples)| examples)
}

/// The same as text for `--help`.
pub fn help(command: &str) -> String {
    let rows: Vec<String> =
        of(command).iter().map(|(line, purpose)| format!("  {line}\n      {purpose}")).collect();
    format!("Examples:\n{}", rows.join("\n"))
}
