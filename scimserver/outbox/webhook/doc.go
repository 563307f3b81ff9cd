// Package webhook sends signed requests to endpoints of applications: the signatures of the Standard Webhooks specification,
// for senders and receivers, and an HTTP client that reaches no address it should not and believes no answer too much.
package webhook
