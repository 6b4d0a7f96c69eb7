//! The head of a journal as three short words that two people can compare over the phone.

use crate::domain::run::commit::Hash;

/// The words of the first three bytes of a hash, such as `amber ridge owl`.
///
/// Twenty-four bits tell two consoles apart that hold different journals; they do not withstand
/// someone who makes a journal to fit.
pub fn head_words(hash: Hash) -> String {
    let word = |byte: u8| WORDS[usize::from(byte)];
    let [first, second, third, ..] = hash.0;
    [word(first), word(second), word(third)].join(" ")
}

/// One word a byte, all different, three to five letters, easy to say.
#[rustfmt::skip]
const WORDS: [&str; 256] = [
    "acorn", "agate", "alder", "amber", "anvil", "apple", "apron", "arch", "arrow", "ash",
    "aspen", "atlas", "attic", "axle", "badge", "bagel", "banjo", "barn", "basil", "basin", "bay",
    "beach", "bean", "bear", "beech", "bell", "bench", "berry", "birch", "bison", "blade",
    "bloom", "boat", "bolt", "bone", "book", "boot", "bowl", "box", "braid", "brass", "bread",
    "brick", "brook", "broom", "brush", "cabin", "cable", "camel", "canal", "canoe", "cape",
    "card", "cargo", "carp", "cart", "cedar", "chain", "chalk", "chess", "chest", "cider", "clay",
    "cliff", "clock", "cloud", "coach", "coal", "coast", "cobra", "comet", "coral", "cork",
    "corn", "cove", "crane", "creek", "crow", "crown", "cube", "cup", "curry", "daisy", "dawn",
    "deer", "delta", "desk", "diary", "dome", "door", "dove", "draft", "drum", "duck", "dune",
    "dusk", "eagle", "earth", "echo", "elbow", "elder", "elk", "elm", "ember", "fable", "farm",
    "fern", "ferry", "field", "fig", "finch", "fire", "fjord", "flag", "flame", "flint", "flute",
    "foam", "fog", "fork", "fox", "frost", "fruit", "gate", "gem", "glass", "globe", "glove",
    "goat", "gold", "goose", "grain", "grape", "grass", "grove", "gull", "harp", "hawk", "hazel",
    "heron", "hill", "hinge", "honey", "hood", "horn", "house", "ice", "igloo", "ink", "iris",
    "iron", "ivory", "ivy", "jade", "jar", "jazz", "jelly", "jewel", "kayak", "key", "kite",
    "knot", "koala", "lace", "lake", "lamp", "lark", "lava", "leaf", "lemon", "lens", "lily",
    "lime", "linen", "lion", "llama", "lobby", "loom", "lotus", "lynx", "maple", "marsh", "mask",
    "melon", "mesa", "mint", "mole", "moon", "moose", "moss", "mural", "nest", "night", "nut",
    "oak", "oasis", "oat", "ocean", "olive", "onion", "opal", "orbit", "otter", "owl", "oxide",
    "palm", "panda", "paper", "pearl", "piano", "pine", "pixel", "plaza", "plum", "pond", "poppy",
    "prism", "puma", "quail", "quilt", "radar", "radio", "raft", "rail", "rain", "raven", "reed",
    "reef", "ridge", "river", "robin", "rope", "rose", "ruby", "sage", "salt", "sand", "satin",
    "seal", "shell", "ship", "silk", "sky", "slate", "sled", "snow", "sofa", "solar", "spark",
    "spoon", "squid", "star", "steam", "stone", "storm", "straw",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn words_are_short_plain_and_distinct() {
        let distinct: BTreeSet<&str> = WORDS.into_iter().collect();
        assert_eq!(distinct.len(), 256);
        for word in WORDS {
            assert!((3..=5).contains(&word.len()), "{word}");
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()), "{word}");
        }
        assert_eq!(head_words(Hash::NONE), [WORDS[0]; 3].join(" "));
    }
}
