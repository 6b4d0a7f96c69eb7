//! Starts two real regions on this machine, to be watched and taken over by hand in another terminal.
//!
//! `tests/real/BYHAND.md` tells the whole story; `tests/real/byhand` starts this.

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/real/servers/mod.rs"]
mod real;

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;

use real::load::Acknowledged;
use real::world::World;

const WORDS: &str = "\
  kill     kill -9 to everything in region A: its service, its database and its cache
  back     region A comes back as it was, still believing that it is the primary
  follow   region A gives up what it wrote alone and follows B (after a failover)
  rows     how many acknowledged rows and keys region B does not have
  quit     end all servers and forget everything";

fn main() {
    let missing = real::missing();
    if !missing.is_empty() {
        eprintln!("install these Debian packages first: {}", missing.join(" "));
        std::process::exit(69);
    }
    println!("starting two servers each of PostgreSQL, Redis, the service and names ...");
    let mut world = World::start();
    tell(&world);
    let mut lost = false;
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match (line.trim(), lost) {
            ("kill", false) => {
                world.lose_a();
                lost = true;
                println!(
                    "region A is dead; acknowledged rows: {}, keys: {}",
                    world.load.acknowledged().len(),
                    world.keys.acknowledged().len()
                );
            }
            ("back", true) => {
                world.load.stop();
                world.keys.stop();
                world.return_a();
                lost = false;
                println!("region A is back, and takes writes");
            }
            ("kill" | "back", _) => println!("it is so already"),
            ("follow", _) => follow(&mut world),
            ("rows", _) => rows(&world),
            ("quit", _) => break,
            ("", _) => {}
            _ => println!("{WORDS}"),
        }
        prompt();
    }
}

fn tell(world: &World) {
    let program = std::env::current_exe().ok().and_then(|own| {
        let folder = own.parent()?.parent()?;
        Some(folder.join("warroom")).filter(|path| path.is_file())
    });
    let program = program.unwrap_or_else(|| PathBuf::from("warroom"));
    let secrets: Vec<String> =
        World::secrets().iter().map(|(name, value)| format!("{name}={value}")).collect();
    println!(
        "\nIn another terminal, all in one line:\n\n  XDG_STATE_HOME={} {} {} --site {} --as anna\n\n\
         When it is healthy there, type here:\n\n{WORDS}\n",
        world.state().display(),
        secrets.join(" "),
        program.display(),
        world.site().display(),
    );
    prompt();
}

fn prompt() {
    print!("byhand> ");
    // A prompt that does not appear loses nothing.
    let _ = std::io::stdout().flush();
}

fn follow(world: &mut World) {
    if world.pair.b.sql("select pg_is_in_recovery()") == "t" {
        println!("B's database is not promoted: there is nobody to follow");
        return;
    }
    if world.cache.b.info("role") != "master" {
        println!("B's cache is not promoted: there is nobody to follow");
        return;
    }
    world.load.stop();
    world.keys.stop();
    world.rewind_a();
    println!("the database and the cache of A follow B now");
}

fn rows(world: &World) {
    tell_missing("rows", &world.load.acknowledged(), &world.load.missing_in(&world.pair.b));
    tell_missing("keys", &world.keys.acknowledged(), &world.keys.missing_in(&world.cache.b));
}

fn tell_missing(what: &str, all: &[Acknowledged], missing: &[Acknowledged]) {
    println!("{} {what} were acknowledged, {} are not in B", all.len(), missing.len());
    if let (Some(first), Some(last)) = (missing.first(), missing.last()) {
        let span_ms = last.wall_ms - first.wall_ms;
        println!("they were acknowledged within {span_ms} ms");
    }
}
