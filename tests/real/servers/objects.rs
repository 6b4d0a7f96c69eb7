//! Buckets as a test sees them, at whatever speaks S3, and a constant load of objects that
//! remembers what was acknowledged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, CreateBucketConfiguration, VersioningConfiguration,
};
use aws_sdk_s3::{Client, Config};
use tokio::runtime::{Builder, Runtime};

use super::{DEADLINE, until};

/// The longest time that one request of a test may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// The region that servers are in where nobody says otherwise.
pub const FIRST_REGION: &str = "us-east-1";

/// Where and as whom.
pub struct Access<'a> {
    /// `http://127.0.0.1:9000`.
    pub url: &'a str,
    /// The region that requests are signed for.
    pub region: &'a str,
    /// The access key's name.
    pub user: &'a str,
    /// The access key's secret.
    pub secret: &'a str,
}

/// One bucket.
pub struct Bucket {
    /// Its client, for what is not here.
    pub client: Client,
    name: String,
    runtime: Runtime,
}

impl Bucket {
    /// A bucket that there is, or is to be.
    pub fn open(access: &Access<'_>, name: &str) -> Self {
        let credentials = Credentials::new(access.user, access.secret, None, None, "test");
        let limits = TimeoutConfig::builder().operation_timeout(REQUEST_LIMIT).build();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(access.region.to_owned()))
            .endpoint_url(access.url)
            .force_path_style(true)
            .credentials_provider(credentials)
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .timeout_config(limits)
            .build();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self { client: Client::from_conf(config), name: name.to_owned(), runtime }
    }

    /// Waits for a request of this bucket's client.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Makes it, with versions.
    pub fn make(&self) {
        let region = self.client.config().region().unwrap().as_ref();
        let place = CreateBucketConfiguration::builder().location_constraint(region.into()).build();
        let make = self.client.create_bucket().bucket(&self.name);
        // The first region of all is named by none.
        let make = make.set_create_bucket_configuration((region != FIRST_REGION).then_some(place));
        self.wait(make.send()).unwrap();
        let status = BucketVersioningStatus::Enabled;
        let versions = VersioningConfiguration::builder().status(status).build();
        let versions = self
            .client
            .put_bucket_versioning()
            .bucket(&self.name)
            .versioning_configuration(versions);
        self.wait(versions.send()).unwrap();
    }

    /// Writes an object; true once that is acknowledged.
    pub fn put(&self, key: &str, bytes: Vec<u8>) -> bool {
        let body = ByteStream::from(bytes);
        let put = self.client.put_object().bucket(&self.name).key(key).body(body);
        self.wait(put.send()).is_ok()
    }

    /// The keys that begin with `prefix`, each with its time in milliseconds since 1970; none where
    /// it does not answer.
    pub fn try_keys(&self, prefix: &str) -> Option<BTreeMap<String, i64>> {
        let pages = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
        let mut pages = pages.into_paginator().send();
        self.wait(async {
            let mut keys = BTreeMap::new();
            while let Some(page) = pages.next().await {
                for object in page.ok()?.contents() {
                    let at = object.last_modified()?.to_millis().ok()?;
                    keys.insert(object.key()?.to_owned(), at);
                }
            }
            Some(keys)
        })
    }

    /// The same of one that answers.
    pub fn keys(&self, prefix: &str) -> BTreeMap<String, i64> {
        self.try_keys(prefix).expect("the bucket answers")
    }

    /// What HEAD says of the copying of an object.
    pub fn status(&self, key: &str) -> Option<String> {
        let told = self.wait(self.client.head_object().bucket(&self.name).key(key).send());
        told.ok()?.replication_status().map(|status| status.as_str().to_owned())
    }
}

/// One object whose writing was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Its key.
    pub key: String,
    /// When the acknowledgement came, milliseconds since 1970.
    pub wall_ms: i64,
}

/// What a load writes.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The time between two objects.
    pub every: Duration,
    /// What their keys begin with.
    pub prefix: &'static str,
    /// The time between two canaries, and what their keys begin with; none where there are none.
    pub canary: Option<(Duration, String)>,
}

/// Writes objects of 10 to 100 kB one after another until it is dropped, and canaries between them,
/// whose key ends in milliseconds since 1970. What cannot be written is tried no second time.
pub struct Load {
    over: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<Put>>>,
    writer: Option<JoinHandle<()>>,
}

impl Load {
    /// Starts it, and waits for its first object.
    pub fn start(bucket: Bucket, plan: Plan) -> Self {
        let (over, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (until_over, told) = (Arc::clone(&over), Arc::clone(&acknowledged));
        let writer = std::thread::spawn(move || write(&bucket, &plan, &until_over, &told));
        let load = Self { over, acknowledged, writer: Some(writer) };
        load.until_more(1);
        load
    }

    /// What was acknowledged up to now.
    pub fn acknowledged(&self) -> Vec<Put> {
        self.acknowledged.lock().unwrap().clone()
    }

    /// Waits for `more` further acknowledgements.
    pub fn until_more(&self, more: usize) {
        let before = self.acknowledged().len();
        until("the load of objects goes on", DEADLINE, || {
            self.acknowledged().len() >= before + more
        });
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has said so, and its test fails by what is missing.
            let _ = writer.join();
        }
    }

    /// The acknowledged objects that a bucket does not have, the oldest first: what was lost.
    pub fn missing_in(&self, bucket: &Bucket) -> Vec<Put> {
        // Asked first: what is acknowledged later may be there or not.
        let mut all = self.acknowledged();
        let there = bucket.keys("");
        all.retain(|put| !there.contains_key(&put.key));
        all
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn write(bucket: &Bucket, plan: &Plan, over: &AtomicBool, told: &Mutex<Vec<Put>>) {
    let (began, mut beaten) = (Instant::now(), None::<Instant>);
    for number in 0_u32.. {
        // The pace is kept however long one takes, without a burst afterwards.
        let due = began + plan.every * number;
        while let Some(left) = due.checked_duration_since(Instant::now()).filter(|l| !l.is_zero()) {
            std::thread::park_timeout(left.min(plan.every));
        }
        if over.load(Ordering::Relaxed) {
            return;
        }
        if let Some((every, prefix)) = &plan.canary
            && beaten.is_none_or(|at| at.elapsed() >= *every)
        {
            beaten = Some(Instant::now());
            put(bucket, format!("{prefix}{:013}", now_ms()), Vec::new(), told);
        }
        let key = format!("{}{number:08}", plan.prefix);
        let bytes = 10_000 + (number as usize * 7919) % 90_000;
        put(bucket, key, vec![b'x'; bytes], told);
    }
}

fn put(bucket: &Bucket, key: String, bytes: Vec<u8>, told: &Mutex<Vec<Put>>) {
    if bucket.put(&key, bytes) {
        told.lock().unwrap().push(Put { key, wall_ms: now_ms() });
    }
}
