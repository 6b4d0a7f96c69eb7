//! What a cell can mean; widgets ask for these and never for a colour.

macro_rules! tokens {
    ($($variant:ident $name:literal $base:expr, $doc:literal;)*) => {
        /// One meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Token {
            $(#[doc = $doc] $variant,)*
        }

        impl Token {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in theme files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The token whose style is taken when a theme says nothing of this one.
            pub fn base(self) -> Option<Self> {
                match self { $(Self::$variant => $base,)* }
            }
        }
    };
}

tokens! {
    Text "ui.text" None, "text";
    Background "ui.background" None, "the ground of everything";
    Surface "ui.surface" Some(Token::Background), "the ground of dialogs";
    Selection "ui.selection" None, "the ground of the selected row";
    Muted "ui.muted" Some(Token::Text), "labels and what matters less";
    Heading "ui.heading" Some(Token::Text), "headings within a panel";
    Border "ui.border" Some(Token::Muted), "the frame of a panel";
    Focus "ui.focus" Some(Token::Text), "the frame of the panel that has the keys";
    Title "ui.title" Some(Token::Text), "the title of a panel";
    Key "ui.key" Some(Token::Text), "the name of a key";
    Next "ui.next" Some(Token::Text), "the line that says what to do now";
    Field "ui.field" Some(Token::Text), "text being typed";
    Cursor "ui.field.cursor" Some(Token::Selection), "the place where text is typed";
    Ok "status.ok" Some(Token::Text), "as it should be";
    Info "status.info" Some(Token::Text), "worth knowing";
    Warn "status.warn" Some(Token::Text), "act soon";
    Crit "status.crit" Some(Token::Text), "act now";
    Stale "status.stale" Some(Token::Muted), "older than allowed";
    Unknown "status.unknown" Some(Token::Stale), "nothing can be said";
    Pending "status.pending" Some(Token::Muted), "not yet";
    Held "status.held" Some(Token::Warn), "on hold";
    BadgeLive "badge.live" Some(Token::Crit), "the real thing";
    BadgeDrill "badge.drill" Some(Token::Info), "a rehearsal";
    BadgeSim "badge.sim" Some(Token::Info), "against the simulator";
    BadgeSafe "badge.safe" Some(Token::Ok), "acts are blocked";
    BadgeArmed "badge.armed" Some(Token::Warn), "acts are possible";
    BadgeReadOnly "badge.readonly" Some(Token::Muted), "looks only";
    ClockDigits "clock.digits" Some(Token::Text), "the big clock";
    StepCurrent "step.current" Some(Token::Text), "the one current step";
    ConfirmMatch "confirm.match" Some(Token::Ok), "typed text that is right so far";
    ConfirmWrong "confirm.wrong" Some(Token::Warn), "typed text that is not right";
    ConfirmWindow "confirm.window" Some(Token::Crit), "the seconds in which any key stops it";
    ConfirmBroken "confirm.broken" Some(Token::Crit), "a rule that is being broken";
}

impl Token {
    /// The place in [`Self::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}
