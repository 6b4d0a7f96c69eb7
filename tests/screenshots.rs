//! The pictures in `screenshots/` are what the program draws today, byte for byte.

use std::path::Path;

use warroom::commands::screenshots::{SHOWN, SIZES, THEMES, pictures};

#[test]
fn the_pictures_are_what_the_program_draws() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let drawn = pictures();
    assert_eq!(drawn.len(), SHOWN.len() * SIZES.len() * (THEMES.len() + 1), "a moment is missing");
    for (name, text) in &drawn {
        let kept = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            kept == *text,
            "screenshots/{name} is old: run `cargo run -- screenshots --out screenshots`"
        );
    }
    let kept = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(kept, drawn.len(), "screenshots/ holds a file that nothing draws");
}
