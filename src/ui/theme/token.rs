//! What a cell can mean; widgets ask for these and never for a colour.

macro_rules! tokens {
    ($($variant:ident $name:literal $base:expr, $doc:literal;)*) => {
        /// One meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Token {
            $(#[doc = $doc] $variant,)*
        }

        impl Token {
            /// All, in the order of the docs.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in theme files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The token of a name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// What it is for.
            pub fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
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
    KeyDisabled "ui.key.disabled" Some(Token::Muted), "a key that does nothing now";
    Next "ui.next" Some(Token::Text), "the line that says what to do now";
    BannerCalm "ui.banner" Some(Token::Muted), "the banner while nothing is wrong";
    Field "ui.field" Some(Token::Text), "text being typed";
    Cursor "ui.field.cursor" Some(Token::Selection), "the place where text is typed";
    Notice "ui.notice" Some(Token::Info), "a sentence for the person at the keys";
    Refusal "ui.notice.refusal" Some(Token::Warn), "why a key did nothing";
    BarFull "ui.bar.full" Some(Token::Text), "the filled part of a bar";
    BarEmpty "ui.bar.empty" Some(Token::Border), "the empty part of a bar";
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
    BadgeClosed "badge.closed" Some(Token::Muted), "the run is closed";
    BadgeMasked "badge.masked" Some(Token::Muted), "hosts and names are hidden";
    ClockDigits "clock.digits" Some(Token::Text), "the big clock";
    ClockLabel "clock.label" Some(Token::Muted), "words beside the clocks";
    ClockLeft "clock.left" Some(Token::Text), "time left";
    RtoReady "clock.rto.ready" Some(Token::Ok), "no incident";
    RtoProvisional "clock.rto.provisional" Some(Token::Warn), "T0 is known, not declared";
    RtoOnTrack "clock.rto.track" Some(Token::Ok), "it will be kept";
    RtoAtRisk "clock.rto.risk" Some(Token::Warn), "it will be close";
    RtoWillMiss "clock.rto.miss" Some(Token::Crit), "the forecast ends too late";
    RtoBreached "clock.rto.breached" Some(Token::Crit), "the time is over";
    RtoMet "clock.rto.met" Some(Token::Ok), "it was kept";
    RtoMissed "clock.rto.missed" Some(Token::Crit), "it was not kept";
    RtoHold "clock.rto.hold" Some(Token::Held), "the plan is held, the clock is not";
    RpoOk "clock.rpo.ok" Some(Token::Ok), "the loss is within the objective";
    RpoBreach "clock.rpo.breach" Some(Token::Crit), "the loss is over the objective";
    RpoUnknown "clock.rpo.unknown" Some(Token::Unknown), "the loss is not known";
    RegionTitle "region.title" Some(Token::Title), "a region's name";
    RegionPrimary "region.primary" Some(Token::Text), "the region that serves";
    RegionStandby "region.standby" Some(Token::Muted), "the region that waits";
    RegionUp "region.up" Some(Token::Ok), "a system that works";
    RegionDegraded "region.degraded" Some(Token::Warn), "a system that works badly";
    RegionDown "region.down" Some(Token::Crit), "a system that fails";
    RegionUnknown "region.unknown" Some(Token::Unknown), "a system of which nothing is known";
    RegionStale "region.stale" Some(Token::Stale), "a system not heard of for too long";
    LagOk "lag.ok" Some(Token::Ok), "a lag within its limit";
    LagNear "lag.near" Some(Token::Warn), "a lag near its limit";
    LagBreach "lag.breach" Some(Token::Crit), "a lag over its limit";
    LagUnknown "lag.unknown" Some(Token::Unknown), "a lag that is not known";
    StepPending "step.pending" Some(Token::Pending), "a step that waits for others";
    StepReady "step.ready" Some(Token::Text), "a step that may be run";
    StepRunning "step.running" Some(Token::Info), "a step whose attempt is open";
    StepVerifying "step.verifying" Some(Token::Info), "a step whose effect is looked for";
    StepDone "step.done" Some(Token::Ok), "a step seen or attested";
    StepFailed "step.failed" Some(Token::Crit), "a step that did not work";
    StepUnknown "step.unknown" Some(Token::Crit), "a step of which nobody knows";
    StepSkipped "step.skipped" Some(Token::Muted), "a step left out";
    StepCompensated "step.compensated" Some(Token::Muted), "a step taken back";
    StepUntrue "step.untrue" Some(Token::Warn), "a done step that is no longer true";
    StepCurrent "step.current" Some(Token::Text), "the one current step";
    PlanGroup "plan.group" Some(Token::Heading), "the heading of a group of steps";
    GateMet "plan.gate.met" Some(Token::Ok), "a gate that holds";
    GateFailed "plan.gate.failed" Some(Token::Crit), "a gate that does not hold";
    GateUnknown "plan.gate.unknown" Some(Token::Unknown), "a gate that cannot be told";
    ConfirmAsk "confirm.ask" Some(Token::Text), "what is to be typed";
    ConfirmMatch "confirm.match" Some(Token::Ok), "typed text that is right so far";
    ConfirmWrong "confirm.wrong" Some(Token::Warn), "typed text that is not right";
    ConfirmWindow "confirm.window" Some(Token::Crit), "the seconds in which any key stops it";
    ConfirmBroken "confirm.broken" Some(Token::Crit), "a rule that is being broken";
    ConfirmCall "confirm.call" Some(Token::Text), "the exact command or call";
    ConfirmChange "confirm.change" Some(Token::Info), "what would be changed";
    ConfirmAdd "confirm.add" Some(Token::Info), "what would be added";
    ConfirmRemove "confirm.remove" Some(Token::Warn), "what would be removed";
    ConfirmBeware "confirm.beware" Some(Token::Warn), "what to beware of";
    LogTime "log.time" Some(Token::Muted), "the time of a line";
    LogWho "log.who" Some(Token::Muted), "who caused a line";
    LogText "log.text" Some(Token::Text), "a line";
}

impl Token {
    /// The place in [`Self::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}
