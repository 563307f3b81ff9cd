package server

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/workload"
)

// writeStatus derives the status from the pass and writes it once.
func (r *Reconciler) writeStatus(ctx context.Context, p *pass) error {
	s := p.server
	if p.config != nil {
		s.Status.BaseURL = p.config.BaseURL
		s.Status.ConfigHash = p.hash
		s.Status.Tenants = int32(len(p.config.Tenants)) //nolint:gosec // at most config.MaxTenants
	}
	s.Status.Selector = workload.Selector(s)
	switch {
	case p.statefulSet != nil:
		s.Status.Replicas, s.Status.ReadyReplicas = p.statefulSet.Status.Replicas, p.statefulSet.Status.ReadyReplicas
	case p.deployment != nil:
		s.Status.Replicas, s.Status.ReadyReplicas = p.deployment.Status.Replicas, p.deployment.Status.ReadyReplicas
	}
	accepted := p.finding.Accepted("The server is valid")
	programmed := p.programmed(accepted)
	for _, c := range []compile.Condition{accepted, programmed, p.ready(accepted, programmed)} {
		kubeutil.SetCondition(s, c)
	}
	if err := kubeutil.PatchStatus(ctx, r.Client, p.before, s); err != nil {
		return err
	}
	kubeutil.RecordTransitions(r.Events, p.before, s, v1alpha1.ConditionAccepted, v1alpha1.ConditionReady)
	return nil
}

func (p *pass) programmed(accepted compile.Condition) compile.Condition {
	c := compile.Condition{Type: v1alpha1.ConditionProgrammed, Status: metav1.ConditionFalse}
	switch {
	case accepted.Status != metav1.ConditionTrue:
		c.Reason, c.Message = v1alpha1.ReasonNotAccepted, "The server is not accepted, as its condition Accepted says; what runs stays as it is"
	case p.tooLarge != nil:
		c.Reason, c.Message = v1alpha1.ReasonConfigTooLarge, p.tooLarge.Error()
	case p.rollout.Rejected() != "":
		c.Reason, c.Message = v1alpha1.ReasonConfigRejected, p.rollout.Rejected()
	case workload.Replicas(p.server) == 0:
		c.Reason, c.Message = v1alpha1.ReasonServerNotReady, "spec.replicas is 0"
	case p.config != nil && p.rollout.Loaded(p.hash):
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonProgrammed, "The pods have loaded the configuration"
	case p.server.Status.ReadyReplicas == 0:
		c.Reason, c.Message = v1alpha1.ReasonServerNotReady, p.noPod()
	default:
		c.Status, c.Reason, c.Message = metav1.ConditionUnknown, v1alpha1.ReasonPending, "Waiting for the pods to load the configuration"
	}
	return c
}

func (p *pass) ready(accepted, programmed compile.Condition) compile.Condition {
	c := compile.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse}
	pod, fault, faulty := p.rollout.StoreFault()
	switch {
	case accepted.Status != metav1.ConditionTrue:
		c.Reason, c.Message = v1alpha1.ReasonNotAccepted, "The server is not accepted, as its condition Accepted says; what runs stays as it is"
	case faulty:
		c.Reason, c.Message = v1alpha1.ConditionReason(fault.KnownReason()), fmt.Sprintf("pod %s: %s", pod, fault.Message)
	case p.server.Status.ReadyReplicas == 0:
		c.Reason, c.Message = v1alpha1.ReasonServerNotReady, p.noPod()
	case programmed.Status != metav1.ConditionTrue:
		c.Reason, c.Message = v1alpha1.ReasonNotProgrammed, "The pods have not loaded the configuration"
	default:
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonReady, "Requests are answered"
	}
	return c
}

func (p *pass) noPod() string {
	if why := p.trouble(); why != "" {
		return "No pod is ready; " + why
	}
	return fmt.Sprintf("No pod is ready; see kubectl describe pod -l %s=%s -n %s", v1alpha1.LabelServer, p.server.Name, p.server.Namespace)
}
