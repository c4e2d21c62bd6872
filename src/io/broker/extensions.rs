//! What is plugged into rmqtt: implicit subscriptions, retained messages, our routes.

use super::dollar::{marked, unmarked};
use super::presence::Presence;
use super::routes::Routes;
use super::{Rules, hooks};
use crate::event::Fact;
use crate::io::Inbox;
use async_trait::async_trait;
use rmqtt::Result;
use rmqtt::context::ServerContext;
use rmqtt::retain::{DefaultRetainStorage, RetainStorage};
use rmqtt::router::DefaultRouter;
use rmqtt::shared::DefaultShared;
use rmqtt::subscribe::{AutoSubscription, DefaultAutoSubscription};
use rmqtt::types::{Id, QoS, Retain, Subscribe, TopicFilter, TopicName};
use std::sync::Arc;
use std::time::Duration;

/// The cloud itself, as the sender of messages: the only one without an address.
pub(super) fn cloud_id(context: &ServerContext) -> Id {
    Id::from(context.node.id(), "ota-workbench".into())
}

/// Plugs everything in, before the first client comes.
pub(super) async fn plug_in(context: &ServerContext, rules: Rules, inbox: &Inbox) {
    let implicit = Implicit { rules, inbox: inbox.clone(), context: context.clone() };
    *context.extends.auto_subscription_mut().await = Box::new(implicit);
    *context.extends.retain_mut().await = Box::new(Retained(DefaultRetainStorage::new()));
    *context.extends.router_mut().await = Box::new(Routes::new(context, inbox.clone()));
}

/// Takes the broker apart. Its pieces hold on to each other, so without this every stopped broker would keep its memory
/// and its end of the inbox.
pub(super) fn let_go(context: ServerContext, presence: Arc<Presence>) {
    // Sessions insist on a runtime when they are dropped.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    let taking_apart = async move {
        presence.clear().await;
        *context.extends.auto_subscription_mut().await = Box::new(DefaultAutoSubscription);
        *context.extends.router_mut().await = Box::new(DefaultRouter::new(None));
        *context.extends.shared_mut().await = Box::new(DefaultShared::new(None));
    };
    runtime.block_on(async { tokio::time::timeout(super::GRACE, taking_apart).await.ok() });
}

/// Subscribes for a client what the cloud subscribes for it.
struct Implicit {
    rules: Rules,
    inbox: Inbox,
    context: ServerContext,
}

#[async_trait]
impl AutoSubscription for Implicit {
    fn enable(&self) -> bool {
        true
    }

    /// Subscribes here and now, before the CONNACK leaves: what rmqtt is handed back it subscribes some time after, and a
    /// device that speaks at once would miss the answer.
    async fn subscribes(&self, id: &Id) -> Result<Vec<Subscribe>> {
        let shared = self.context.extends.shared().await;
        for filter in (self.rules.implicit)(&id.client_id, id.username.as_deref()) {
            let subscribe = Subscribe::from_v3(&filter.as_str().into(), QoS::AtLeastOnce, false, false)?;
            shared.entry(id.clone()).subscribe(&subscribe).await?;
            let client = hooks::name(id);
            let _ = self.inbox.fact_from_runtime(Fact::Subscribed {
                client,
                filter: filter.into(),
                qos: 1,
                implicit: true,
            });
        }
        Ok(Vec::new())
    }
}

/// Retained messages in memory; rmqtt's own storage keeps none unless it is asked this way.
struct Retained(DefaultRetainStorage);

#[async_trait]
impl RetainStorage for Retained {
    fn enable(&self) -> bool {
        true
    }

    async fn set(&self, topic: &TopicName, retain: Retain, expiry: Option<Duration>) -> Result<()> {
        // Zero is how our settings spell "never".
        self.0.set_with_timeout(&marked(topic).as_ref().into(), retain, expiry.filter(|expiry| !expiry.is_zero())).await
    }

    async fn get(&self, filter: &TopicFilter) -> Result<Vec<(TopicName, Retain)>> {
        let mut messages = self.0.get_message(&marked(filter).as_ref().into()).await?;
        for (topic, _) in &mut messages {
            *topic = unmarked(topic).as_ref().into();
        }
        Ok(messages)
    }

    async fn count(&self) -> isize {
        self.0.count().await
    }

    async fn max(&self) -> isize {
        self.0.max().await
    }
}
