//! Plays the kept inputs of each fuzz target as a plain test, so that what was found once stays found.

use std::fs;
use std::path::Path;

/// Runs `target` over `fuzz/corpus/<name>/*`. A failure names the file.
fn play(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let files =
        fs::read_dir(&folder).expect("the corpus is there").map(|entry| entry.expect("an entry").path());
    let mut count = 0;
    for path in files {
        let bytes = fs::read(&path).expect("the input can be read");
        let played = std::panic::catch_unwind(|| target(&bytes));
        assert!(played.is_ok(), "{} fails", path.display());
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn datagrams() {
    play("datagrams", sixpane::testing::net::fuzz::datagrams);
}
