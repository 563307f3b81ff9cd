// Package admin answers whoever may run a command in the server's pod: the provisioning log, members, events to send
// again, and what a change would do. It listens on a unix socket only, so that `kubectl exec` is the one way in.
package admin
