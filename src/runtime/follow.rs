//! What a watcher is told of others: the run that another console commands, and who works here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::event::Event;
use super::journal;
use super::paths::StatePaths;
use super::prints::Prints;
use super::runs::Survey;
use super::seat::strangers;
use crate::domain::run::event::Body;
use crate::domain::site::Site;
use crate::domain::text::Clean;

/// The time between two looks at what other state folders do.
const ELSEWHERE_EVERY: Duration = Duration::from_secs(2);

/// Tells a watcher what of other state folders works on the site, as far as this machine tells.
pub fn look_elsewhere(paths: &StatePaths, site: &Site, events: &mpsc::Sender<Event>) {
    let (paths, site, events) = (paths.clone(), Arc::new(site.clone()), events.clone());
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(ELSEWHERE_EVERY);
        let mut told = None;
        loop {
            ticks.tick().await;
            let (paths, site) = (paths.clone(), Arc::clone(&site));
            let found = tokio::task::spawn_blocking(move || strangers(&paths, &site)).await;
            let Ok(found) = found else { continue };
            if found != told {
                told.clone_from(&found);
                let event = Event::Elsewhere(found.as_deref().map(Clean::new));
                if events.send(event).await.is_err() {
                    return;
                }
            }
        }
    });
}

/// Reads the journal of the run that another console commands, once a second, for a watcher.
pub fn follow_run(paths: &StatePaths, site: &str, events: &mpsc::Sender<Event>) {
    let (paths, site, events) = (paths.clone(), site.to_owned(), events.clone());
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        let mut shown = 0;
        let mut followed: Option<PathBuf> = None;
        let mut prints = Prints::default();
        loop {
            ticks.tick().await;
            let (paths, site, known) = (paths.clone(), site.clone(), followed.clone());
            let mut told = std::mem::take(&mut prints);
            let read = tokio::task::spawn_blocking(move || {
                // A run that was followed is read to its end, also once it is no longer open.
                let found = || Some(Survey::of(&paths.runs(), &site).ok()?.to_follow()?.to_owned());
                let folder = known.or_else(found);
                let back = folder.and_then(|folder| Some((journal::read(&folder).ok()?, folder)));
                let news = back.as_ref().map(|(back, folder)| told.news(folder, &back.events));
                (back, told, news.unwrap_or_default())
            });
            let Ok((back, told, printed)) = read.await else { continue };
            prints = told;
            let Some((back, folder)) = back else { continue };
            let closed = back.events.iter().any(|event| matches!(event.body, Body::Closed { .. }));
            let news = followed.is_none() || back.events.len() != shown;
            shown = back.events.len();
            followed = (!closed).then_some(folder);
            if closed {
                prints = Prints::default();
            }
            let read = news.then_some(Event::RunRead(back.events));
            for event in read.into_iter().chain(printed) {
                if events.send(event).await.is_err() {
                    return;
                }
            }
        }
    });
}
