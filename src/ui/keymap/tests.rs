//! Shipped keymaps are read and complete; bad ones are refused with their place.

use super::*;
use crate::ui::command::COMMANDS;

const LIST: [Context; 2] = [Context::List, Context::Global];

fn keys(text: &str) -> Vec<Key> {
    text.split(' ').map(|part| Key::parse(part).expect(part)).collect()
}

#[test]
fn every_shipped_keymap_binds_every_command() {
    for (name, text) in SHIPPED {
        let keymap = Keymap::parse(text, SHIPPED)
            .unwrap_or_else(|fault| panic!("{name}: {fault} at {:?}", fault.line_column(text)));
        assert_eq!(keymap.name(), *name);
        for spec in
            COMMANDS.iter().filter(|spec| !matches!(spec.command, Command::Select | Command::SetT0))
        {
            let bound = keymap.bindings().iter().any(|binding| binding.command == spec.command);
            assert!(bound, "{name} has no key for {}", spec.name);
        }
    }
}

#[test]
fn verbs_are_the_same_in_every_keymap() {
    let verbs = |name: &str| -> Vec<(String, Command)> {
        let keymap = Keymap::shipped(name).expect(name);
        let bound = keymap.bindings().iter().filter(|binding| binding.command.is_verb());
        bound.map(|binding| (binding.keys_text(), binding.command)).collect()
    };
    for (name, _) in SHIPPED {
        assert_eq!(verbs(name), verbs(DEFAULT), "{name}");
    }
}

#[test]
fn keys_mean_commands_by_context() {
    let check = |name: &str, contexts: &[Context], pressed: &str, want: Lookup| {
        let keymap = Keymap::shipped(name).expect(name);
        assert_eq!(keymap.look(contexts, &keys(pressed)), want, "{name} {pressed}");
    };
    check("default", &LIST, "r", Lookup::Command(Command::Run));
    check("default", &LIST, "down", Lookup::Command(Command::Down));
    check("default", &LIST, "space", Lookup::Command(Command::Hold));
    check("default", &[Context::Dialog], "r", Lookup::None);
    check("default", &[Context::Dialog], "q", Lookup::Command(Command::Back));
    check("default", &LIST, "q", Lookup::Command(Command::Quit));
    check("default", &LIST, "g", Lookup::None);
    check("default", &LIST, "y", Lookup::None);
    check("default", &LIST, "n", Lookup::None);
    let next = Key::parse("g").expect("a key");
    check("vim", &LIST, "g", Lookup::Prefix(vec![(next, Command::First)]));
    check("vim", &LIST, "g g", Lookup::Command(Command::First));
    check("vim", &LIST, "g x", Lookup::None);
}

#[test]
fn a_binding_can_be_taken_away_and_replaced() {
    let text = "schema = 1\nname = \"x\"\ninherits = \"default\"\n\
                [global]\n\"r\" = \"none\"\n\"f5\" = \"run\"\n";
    let keymap = Keymap::parse(text, SHIPPED).expect("valid");
    assert_eq!(keymap.look(&LIST, &keys("r")), Lookup::None);
    assert_eq!(keymap.look(&LIST, &keys("f5")), Lookup::Command(Command::Run));
    assert_eq!(keymap.keys_of(Context::Global, Command::Run), ["f5"]);
}

#[test]
fn bad_keymaps_are_refused_with_their_place() {
    let check = |rest: &str, line: usize, want: &str| {
        let text = format!("schema = 1\nname = \"x\"\n{rest}");
        let fault = Keymap::parse(&text, SHIPPED).expect_err(rest);
        assert_eq!(fault.message, want, "{rest}");
        assert_eq!(fault.line_column(&text).0, line, "{rest}: {fault}");
    };
    check("[global]\n\"x\" = \"runn\"\n", 4, "`runn` is not a command; did you mean `run`?");
    check(
        "[globl]\n\"x\" = \"run\"\n",
        3,
        "`globl` is not a key of the keymap; did you mean `global`?",
    );
    for key in ["c", "z", "s", "q", "h", "i", "j", "m", "["] {
        let message = format!("`ctrl-{key}` is reserved and cannot be bound; choose another key");
        check(&format!("[global]\n\"ctrl-{key}\" = \"zoom\"\n"), 4, &message);
    }
    for key in ["h", "j", "k", "l", "g", "G", "d", "up", "down", "left", "right", "delete"] {
        let message =
            format!("`run` cannot be on `{key}`: h j k l g G d, arrows and delete are for moving");
        check(&format!("[global]\n\"{key}\" = \"run\"\n"), 4, &message);
    }
    check(
        "[global]\n\"enter\" = \"run\"\n",
        4,
        "`run` cannot be on `enter`: enter, tab and esc never start anything",
    );
    check(
        "[list]\n\"g\" = \"last\"\n\"g g\" = \"first\"\n",
        5,
        "`g` is bound in `list`, so the sequence `g g` could never be finished",
    );
    check(
        "[global]\n\"x\" = \"zoom\"\n[list]\n\"x x\" = \"first\"\n",
        6,
        "`x` is bound in `global`, so the sequence `x x` could never be finished",
    );
    check(
        "inherits = \"default\"\n[list]\n\"r r\" = \"first\"\n",
        5,
        "`r` is bound in `global`, so the sequence `r r` could never be finished",
    );
    check(
        "[global]\n\"hyper-x\" = \"zoom\"\n",
        4,
        "`hyper-x` is not a key; write it as `r`, `R`, `ctrl-d`, `alt-v`, `space`, `f1`",
    );
    check(
        "[global]\n\"ctrl-X\" = \"zoom\"\n\"ctrl-x\" = \"help\"\n",
        5,
        "`ctrl-x` is bound twice in `global`",
    );
    check("[field]\n\"x\" = \"back\"\n", 4, "`x` types a character and cannot be bound in `field`");
    check(
        "[dialog]\n\"x\" = \"run\"\n",
        4,
        "`run` cannot be bound in `dialog`: dialogs ask for typed text",
    );
    check("inherits = \"vm\"\n", 3, "`vm` is not a keymap; did you mean `vim`?");
    check("[global]\n\"a b c d e\" = \"zoom\"\n", 4, "`a b c d e` has more than 4 keys");
    check(
        "[global]\n\"x\" = 3\n",
        4,
        "a key is bound to a command's name in quotes, such as \"run\"",
    );
}

#[test]
fn a_key_twice_in_a_file_is_refused() {
    let text = "schema = 1\nname = \"x\"\n[global]\n\"x\" = \"zoom\"\n\"x\" = \"help\"\n";
    let fault = Keymap::parse(text, SHIPPED).expect_err("twice");
    assert_eq!(fault.line_column(text).0, 5, "{fault}");
}
