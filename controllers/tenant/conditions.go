package tenant

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
)

// server is the tenant's server, an empty one if there is none.
func (p *pass) server() *v1alpha1.SCIMServer {
	if p.serving() == nil {
		return &v1alpha1.SCIMServer{}
	}
	return p.serving()
}

func (p *pass) programmed(accepted compile.Condition) compile.Condition {
	c := compile.Condition{Type: v1alpha1.ConditionProgrammed, Status: metav1.ConditionFalse}
	server := kubeutil.FindCondition(p.server(), v1alpha1.ConditionAccepted)
	switch {
	case accepted.Status != metav1.ConditionTrue:
		c.Reason, c.Message = v1alpha1.ReasonNotAccepted, p.stillServed()
	case p.underWay() != nil:
		c.Status, c.Reason, c.Message = metav1.ConditionUnknown, v1alpha1.ReasonMoving, progressOf(p.trip)
	case p.ownedElsewhere() != "":
		c.Reason, c.Message = v1alpha1.ReasonOwnedElsewhere, p.ownedElsewhere()
	case p.entry == nil && server != nil && server.Status == metav1.ConditionFalse:
		c.Reason, c.Message = v1alpha1.ReasonServerNotReady, fmt.Sprintf("SCIMServer %s is not accepted: %s", compile.ServerKey(p.tenant), server.Message)
	case p.outdated() && tooLarge(p.server()):
		c.Reason, c.Message = v1alpha1.ReasonConfigTooLarge, fmt.Sprintf("SCIMServer %s has too many tenants; name another one", compile.ServerKey(p.tenant))
	case p.outdated():
		c.Status, c.Reason, c.Message = metav1.ConditionUnknown, v1alpha1.ReasonPending, "Waiting for the configuration of the server"
	case p.rollout.RejectedTenant(p.entry.Key) != "":
		c.Reason, c.Message = v1alpha1.ReasonConfigRejected, p.rollout.RejectedTenant(p.entry.Key)
	case p.rollout.Serves(p.entry.Key, p.entry.Hash()):
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonProgrammed, "The server has loaded this generation"
	case p.podsReady() == 0:
		c.Reason, c.Message = v1alpha1.ReasonServerNotReady, p.noPod()
	default:
		c.Status, c.Reason, c.Message = metav1.ConditionUnknown, v1alpha1.ReasonPending, "Waiting for the server to load this generation"
	}
	return c
}

// ownedElsewhere tells who owns the tenant's data in the database, and what to do, if another server does.
func (p *pass) ownedElsewhere() string {
	report, ok := p.rollout.Tenant(compile.Key(p.tenant))
	if !ok || report.Owner == "" {
		return ""
	}
	namespace, name, _, _, _ := compile.OwnerParts(report.Owner)
	return fmt.Sprintf("The tenant's data in the database of SCIMServer %s belong to SCIMServer %s/%s (%s), which uses the same database; "+
		"requests are answered with 503. Delete the tenant in one of the two places, or give one of the servers another database. If that server is gone for good: "+
		"kubectl annotate scimtenant %s -n %s --overwrite %s=%s",
		compile.ServerKey(p.tenant), namespace, name, report.Owner, p.tenant.Name, p.tenant.Namespace, v1alpha1.AnnotationTakeFrom, report.Owner)
}

// outdated tells whether the server's configuration lacks this generation, or what it refers to as it is now.
func (p *pass) outdated() bool {
	return p.entry == nil || p.desired == nil || !compile.Same(*p.entry, *p.desired)
}

func (p *pass) stillServed() string {
	if p.entry == nil {
		return "The tenant is not accepted, as its condition Accepted says, and not served"
	}
	return fmt.Sprintf("Generation %d is not accepted; generation %d is still served", p.tenant.Generation, p.entry.Generation)
}

func (p *pass) podsReady() int32 { return p.server().Status.ReadyReplicas }

func (p *pass) noPod() string {
	if c, ok := databaseFault(p.server()); ok {
		return fmt.Sprintf("SCIMServer %s is not ready: %s: %s", compile.ServerKey(p.tenant), c.Reason, c.Message)
	}
	return fmt.Sprintf("SCIMServer %s has no ready pod", compile.ServerKey(p.tenant))
}

// databaseFault is the server's condition, if its database does not work.
func databaseFault(s *v1alpha1.SCIMServer) (*metav1.Condition, bool) {
	c := kubeutil.FindCondition(s, v1alpha1.ConditionReady)
	return c, c != nil && c.Status == metav1.ConditionFalse && strings.HasPrefix(c.Reason, v1alpha1.ReasonPrefixDatabase)
}

// unavailable tells that the server answers no requests.
func (p *pass) unavailable() bool {
	_, faulty := databaseFault(p.server())
	return faulty || p.podsReady() == 0
}

func (p *pass) ready(accepted, programmed compile.Condition) compile.Condition {
	c := compile.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse}
	gate, gated := compile.Gated(p.tenant)
	switch {
	case accepted.Status != metav1.ConditionTrue:
		c.Reason, c.Message = v1alpha1.ReasonNotAccepted, p.stillServed()
	case programmed.Status != metav1.ConditionTrue && p.underWay() == nil:
		c.Reason, c.Message = v1alpha1.ReasonNotProgrammed, programmed.Message
	case p.unavailable():
		c.Reason, c.Message = v1alpha1.ReasonServerNotReady, p.noPod()
	case p.tenant.Spec.Suspended:
		c.Reason, c.Message = v1alpha1.ReasonSuspended, "spec.suspended is true; requests are answered with 503"
	case gated:
		c.Reason, c.Message = v1alpha1.ReasonReadinessGatesPending, fmt.Sprintf("Condition %s of spec.readinessGates is not True; requests are answered with 503", gate)
	case p.underWay() != nil:
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonMoving, "Requests are answered. "+progressOf(p.trip)
	default:
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonReady, "Requests are answered"
	}
	return c
}

// expiring warns of a token that ends soon: an earlier one that is still accepted, or the current one.
func (p *pass) expiring() (compile.Condition, bool) {
	c := compile.Condition{Type: v1alpha1.ConditionTokenExpiring, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonTokenExpiresSoon}
	if end, ok := p.earlierTokenEnds(); ok {
		p.wakeAt(end)
		c.Message = fmt.Sprintf("The earlier token ends at %s; give the identity provider the one in Secret %s", rfc3339(end), p.secret.Name)
		return c, true
	}
	if p.token == nil || p.token.ExpiresAt.IsZero() {
		return c, false
	}
	end := p.token.ExpiresAt
	warn := end.Add(-warning(end.Sub(p.token.IssuedAt)))
	switch {
	case !p.now.Before(end):
		c.Reason, c.Message = v1alpha1.ReasonTokenExpired, fmt.Sprintf("The time of the token in Secret %s was over at %s", p.secret.Name, rfc3339(end))
	case !p.now.Before(warn):
		c.Message = fmt.Sprintf("The token ends at %s, then Secret %s has the next one; %s", rfc3339(end), p.secret.Name, p.afterwards())
	default:
		p.wakeAt(warn)
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, v1alpha1.ReasonTokenValid, "The token ends at "+rfc3339(end)
	}
	return c, true
}

func (p *pass) afterwards() string {
	if overlap := compile.Overlap(p.tenant); overlap > 0 {
		return fmt.Sprintf("the earlier one is accepted for another %s", overlap)
	}
	return "to change it at a time of your choice, set the annotation " + v1alpha1.AnnotationRotate
}

// earlierTokenEnds is when the last of the earlier tokens ends that are still accepted.
func (p *pass) earlierTokenEnds() (time.Time, bool) {
	var end time.Time
	if p.entry == nil || p.secret == nil {
		return end, false
	}
	for _, token := range p.entry.Tokens {
		if token.NotAfter != nil && token.NotAfter.After(p.now) && token.NotAfter.After(end) {
			end = *token.NotAfter
		}
	}
	return end, !end.IsZero()
}

// warning is how long before its end a token is said to end soon: a fifth of its life, two weeks at most.
func warning(life time.Duration) time.Duration { return min(life/5, 14*24*time.Hour) }

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
