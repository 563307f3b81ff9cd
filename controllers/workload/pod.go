package workload

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// ContainerName is the name of the server's container, under which spec.podTemplate can change it.
const ContainerName = "scim-server"

const (
	userID = 65532

	// DataDir is where the volume is mounted.
	DataDir = "/data"
	tlsDir  = "/etc/scim-server/tls"

	// postgresDir has the connection URI in a file. The kubelet brings a changed Secret there, and the server reads it anew.
	postgresDir  = "/etc/scim-server/postgres"
	postgresFile = "uri"

	// drainSeconds is how long a server that is not ready any more still listens: where there are other pods until everybody
	// has noticed, and where there are none, so that the next one waits for the end of this one, until open connections
	// have been ended in order. The grace period leaves time to finish requests after that (20 s) and to close the database.
	drainSeconds          = 1
	drainSecondsStateless = 10
	graceSeconds          = 25 // and the drain
)

// podTemplate meets the Pod Security Standard "restricted".
func podTemplate(in Input) *corev1ac.PodTemplateSpecApplyConfiguration {
	s := in.Server
	spec := corev1ac.PodSpec().
		WithServiceAccountName(s.Name).
		WithAutomountServiceAccountToken(true).
		WithEnableServiceLinks(false).
		WithTerminationGracePeriodSeconds(graceSeconds + drain(s)).
		WithSecurityContext(corev1ac.PodSecurityContext().
			WithRunAsNonRoot(true).
			WithRunAsUser(userID).
			WithRunAsGroup(userID).
			WithFSGroup(userID).
			WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
			WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithContainers(container(in)).
		WithVolumes(corev1ac.Volume().WithName("tmp").
			WithEmptyDir(corev1ac.EmptyDirVolumeSource().WithSizeLimit(resource.MustParse("64Mi"))))
	if tls := s.Spec.Endpoint.TLS; tls != nil {
		spec.WithVolumes(corev1ac.Volume().WithName("tls").
			WithSecret(corev1ac.SecretVolumeSource().WithSecretName(tls.SecretName).WithDefaultMode(0o440)))
	}
	if pg := s.Spec.Storage.Postgres; pg != nil {
		spec.WithVolumes(postgresVolumes(pg.SecretRef)...)
	}
	return corev1ac.PodTemplateSpec().WithLabels(Labels(s)).WithSpec(spec)
}

// postgresVolumes are the Secret with the URI, and a folder of the pod's own for the last good configuration.
func postgresVolumes(ref v1alpha1.SecretKeyReference) []*corev1ac.VolumeApplyConfiguration {
	return []*corev1ac.VolumeApplyConfiguration{
		corev1ac.Volume().WithName("postgres").WithSecret(corev1ac.SecretVolumeSource().
			WithSecretName(ref.Name).
			WithItems(corev1ac.KeyToPath().WithKey(ref.Key).WithPath(postgresFile)).
			WithDefaultMode(0o440)),
		corev1ac.Volume().WithName(VolumeName).
			WithEmptyDir(corev1ac.EmptyDirVolumeSource().WithSizeLimit(resource.MustParse("256Mi"))),
	}
}

func drain(s *v1alpha1.SCIMServer) int64 {
	if Stateless(s) {
		return drainSecondsStateless
	}
	return drainSeconds
}

func container(in Input) *corev1ac.ContainerApplyConfiguration {
	s := in.Server
	image := in.Image
	if s.Spec.Image != "" {
		image = s.Spec.Image
	}
	c := corev1ac.Container().
		WithName(ContainerName).
		WithImage(image).
		WithImagePullPolicy(corev1.PullIfNotPresent).
		WithCommand("/scimserver").
		WithArgs(arguments(s)...).
		WithEnv(
			corev1ac.EnvVar().WithName("POD_NAME").WithValueFrom(corev1ac.EnvVarSource().
				WithFieldRef(corev1ac.ObjectFieldSelector().WithAPIVersion("v1").WithFieldPath("metadata.name"))),
			corev1ac.EnvVar().WithName("GOMEMLIMIT").WithValueFrom(corev1ac.EnvVarSource().
				WithResourceFieldRef(corev1ac.ResourceFieldSelector().WithResource("limits.memory").WithDivisor(resource.MustParse("1")))),
		).
		WithPorts(
			corev1ac.ContainerPort().WithName("scim").WithContainerPort(PortSCIM).WithProtocol(corev1.ProtocolTCP),
			corev1ac.ContainerPort().WithName("ops").WithContainerPort(PortOps).WithProtocol(corev1.ProtocolTCP),
		).
		WithSecurityContext(corev1ac.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))).
		WithResources(resources()).
		WithVolumeMounts(
			corev1ac.VolumeMount().WithName(VolumeName).WithMountPath(DataDir),
			corev1ac.VolumeMount().WithName("tmp").WithMountPath("/tmp"),
		)
	if s.Spec.Endpoint.TLS != nil {
		c.WithVolumeMounts(corev1ac.VolumeMount().WithName("tls").WithMountPath(tlsDir).WithReadOnly(true))
	}
	if Stateless(s) {
		c.WithVolumeMounts(corev1ac.VolumeMount().WithName("postgres").WithMountPath(postgresDir).WithReadOnly(true))
	}
	return withProbes(c)
}

func arguments(s *v1alpha1.SCIMServer) []string {
	args := []string{
		"serve",
		"--config-secret=" + s.Namespace + "/" + configSecret(s),
		"--status-configmap=" + s.Namespace + "/" + statusConfigMap(s),
		"--data=" + DataDir,
		"--listen=:" + strconv.Itoa(PortSCIM),
		"--ops-listen=:" + strconv.Itoa(PortOps),
		"--drain=" + strconv.FormatInt(drain(s), 10) + "s",
	}
	if Stateless(s) {
		args = append(args, "--postgres-file="+postgresDir+"/"+postgresFile)
	}
	if s.Spec.Endpoint.TLS != nil {
		args = append(args, "--tls-cert-file="+tlsDir+"/tls.crt", "--tls-key-file="+tlsDir+"/tls.key")
	}
	return args
}

// resources have no limit of CPU: throttling would hit requests that are due. An idle server needs less than 30 MiB.
func resources() *corev1ac.ResourceRequirementsApplyConfiguration {
	return corev1ac.ResourceRequirements().
		WithRequests(corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("10m"),
			corev1.ResourceMemory: resource.MustParse("48Mi"),
		}).
		WithLimits(corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")})
}

// withProbes asks often at first, since a tenant waits for readiness; a slow disk is no reason to restart.
func withProbes(c *corev1ac.ContainerApplyConfiguration) *corev1ac.ContainerApplyConfiguration {
	get := func(path string) *corev1ac.ProbeApplyConfiguration {
		return corev1ac.Probe().WithTimeoutSeconds(3).
			WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString("ops")).WithScheme(corev1.URISchemeHTTP))
	}
	return c.
		WithStartupProbe(get("/livez").WithPeriodSeconds(1).WithFailureThreshold(60)).
		WithReadinessProbe(get("/readyz").WithPeriodSeconds(1).WithFailureThreshold(3)).
		WithLivenessProbe(get("/livez").WithPeriodSeconds(10).WithFailureThreshold(6))
}
