package workload

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// LabelMetrics with the value "enabled" on a namespace lets its pods reach the ops port.
const LabelMetrics = "metrics"

// Service is how the server is reached; it has the port of SCIM alone, so that what is put in front of it never shows
// metrics to the world.
func Service(s *v1alpha1.SCIMServer) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(s.Name, s.Namespace).WithLabels(Labels(s)).WithSpec(corev1ac.ServiceSpec().
		WithType(corev1.ServiceTypeClusterIP).
		WithSelector(selector(s)).
		WithPorts(servicePort("scim", PortSCIM)))
}

// HeadlessService names the pods, and has the port of health and metrics.
func HeadlessService(s *v1alpha1.SCIMServer) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(headless(s), s.Namespace).WithLabels(Labels(s)).WithSpec(corev1ac.ServiceSpec().
		WithType(corev1.ServiceTypeClusterIP).
		WithClusterIP(corev1.ClusterIPNone).
		WithPublishNotReadyAddresses(true).
		WithSelector(selector(s)).
		WithPorts(servicePort("ops", PortOps)))
}

func servicePort(name string, port int32) *corev1ac.ServicePortApplyConfiguration {
	return corev1ac.ServicePort().WithName(name).WithPort(port).WithTargetPort(intstr.FromString(name)).WithProtocol(corev1.ProtocolTCP)
}

// NetworkPolicy admits SCIM from everywhere, since identity providers and what is in front of the server are unknown, and
// the ops port from the server's own namespace and from namespaces with LabelMetrics. Out go only DNS and the ports of
// the API server, whose address no policy can name; and with webhooks whatever is no link-local address, as an
// application's pods listen on ports that its URL doesn't tell. The server itself refuses addresses that no webhook may have.
// While tenants move, other servers' port of SCIM is open.
// With spec.storage.postgres the port of the database is open too: to its address, or to any where it has a name.
func NetworkPolicy(in Input) *networkingv1ac.NetworkPolicyApplyConfiguration {
	s := in.Server
	anyPod := networkingv1ac.NetworkPolicyPeer().WithPodSelector(metav1ac.LabelSelector())
	scrapers := networkingv1ac.NetworkPolicyPeer().
		WithNamespaceSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{LabelMetrics: "enabled"}))
	spec := networkingv1ac.NetworkPolicySpec().
		WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(selector(s))).
		WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
		WithIngress(
			networkingv1ac.NetworkPolicyIngressRule().WithPorts(policyPort(corev1.ProtocolTCP, PortSCIM)),
			networkingv1ac.NetworkPolicyIngressRule().WithPorts(policyPort(corev1.ProtocolTCP, PortOps)).WithFrom(anyPod, scrapers),
		).
		WithEgress(
			networkingv1ac.NetworkPolicyEgressRule().WithPorts(policyPort(corev1.ProtocolUDP, 53), policyPort(corev1.ProtocolTCP, 53)),
			networkingv1ac.NetworkPolicyEgressRule().WithPorts(policyPort(corev1.ProtocolTCP, 443), policyPort(corev1.ProtocolTCP, 6443)),
		)
	if Stateless(s) {
		spec.WithEgress(toDatabase(in.Database)...)
	}
	if in.Moves {
		spec.WithEgress(networkingv1ac.NetworkPolicyEgressRule().WithPorts(policyPort(corev1.ProtocolTCP, PortSCIM)).WithTo(
			networkingv1ac.NetworkPolicyPeer().
				WithNamespaceSelector(metav1ac.LabelSelector()).
				WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{
					v1alpha1.LabelName: v1alpha1.AppName, v1alpha1.LabelManagedBy: v1alpha1.ManagedBy,
				}))))
	}
	if in.Webhooks {
		spec.WithEgress(toApplications(s.Spec.Webhooks))
	}
	return networkingv1ac.NetworkPolicy(s.Name, s.Namespace).WithLabels(Labels(s)).WithSpec(spec)
}

// toDatabase lets out to each host once.
func toDatabase(db Database) (rules []*networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration) {
	seen := map[DatabaseHost]bool{}
	for _, h := range db.Hosts {
		addr, fixed := h.Address()
		if !fixed {
			h.Name = "" // a policy cannot name names
		}
		if seen[h] {
			continue
		}
		seen[h] = true
		rule := networkingv1ac.NetworkPolicyEgressRule().WithPorts(policyPort(corev1.ProtocolTCP, h.Port))
		if fixed {
			rule.WithTo(block(netip.PrefixFrom(addr, addr.BitLen()).String()))
		}
		rules = append(rules, rule)
	}
	return rules
}

// toApplications lets out to every address but link-local ones, and to the networks that are allowed explicitly.
func toApplications(w v1alpha1.ServerWebhooks) *networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration {
	rule := networkingv1ac.NetworkPolicyEgressRule().
		WithPorts(networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP)).
		WithTo(block("0.0.0.0/0", "169.254.0.0/16"), block("::/0", "fe80::/10"))
	for _, n := range w.AllowedNetworks {
		rule.WithTo(block(string(n)))
	}
	return rule
}

func block(cidr string, except ...string) *networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	return networkingv1ac.NetworkPolicyPeer().WithIPBlock(networkingv1ac.IPBlock().WithCIDR(cidr).WithExcept(except...))
}

func policyPort(protocol corev1.Protocol, port int) *networkingv1ac.NetworkPolicyPortApplyConfiguration {
	return networkingv1ac.NetworkPolicyPort().WithProtocol(protocol).WithPort(intstr.FromInt32(int32(port)))
}

// PodDisruptionBudget lets one pod at a time be evicted.
func PodDisruptionBudget(s *v1alpha1.SCIMServer) *policyv1ac.PodDisruptionBudgetApplyConfiguration {
	return policyv1ac.PodDisruptionBudget(s.Name, s.Namespace).WithLabels(Labels(s)).WithSpec(policyv1ac.PodDisruptionBudgetSpec().
		WithMaxUnavailable(intstr.FromInt32(1)).
		WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector(s))))
}
