package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RejectionStatus is the last request of the identity provider that was refused.
type RejectionStatus struct {
	// time of the request.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`

	// reason is a word for the cause.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason,omitempty"`

	// detail is for people; it holds no personal data.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Detail string `json:"detail,omitempty"`
}

// DeliveryStatus is what has not reached the application.
type DeliveryStatus struct {
	// pending is the number of events that are to be delivered.
	// +optional
	Pending int64 `json:"pending"`

	// parked is the number of events that failed for so long that they wait for a replay.
	// +optional
	Parked int64 `json:"parked"`

	// oldestPendingTime is when the oldest event was written that is to be delivered.
	// +optional
	OldestPendingTime *metav1.Time `json:"oldestPendingTime,omitempty"`

	// oldestOffboardingTime is when the oldest deactivation or removal was written that the application has not
	// acknowledged.
	// +optional
	OldestOffboardingTime *metav1.Time `json:"oldestOffboardingTime,omitempty"`
}

// RemappingStatus is the progress of a new mapping.
type RemappingStatus struct {
	// done is the number of users that are mapped anew.
	// +optional
	Done int64 `json:"done"`

	// total is the number of users.
	// +optional
	Total int64 `json:"total"`

	// startTime is when the work began.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`
}

// MoveStatus is how far the tenant's way to another server is.
type MoveStatus struct {
	// from is namespace/name of the SCIMServer that the data leave.
	// +optional
	// +kubebuilder:validation:MaxLength=320
	From string `json:"from,omitempty"`

	// to is namespace/name of the SCIMServer that they go to.
	// +optional
	// +kubebuilder:validation:MaxLength=320
	To string `json:"to,omitempty"`

	// phase is Preparing, Copying, Switching (writes are refused, for seconds), Waiting (for the next attempt), Cancelling or
	// Forwarding (the data are there; the earlier server passes requests on).
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Phase string `json:"phase,omitempty"`

	// done is the number of rows that are loaded in the present pass.
	// +optional
	Done int64 `json:"done,omitempty"`

	// total is the number of rows that the present pass loads.
	// +optional
	Total int64 `json:"total,omitempty"`

	// message tells what is in the way.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// SCIMTenantStatus is the observed state of a SCIMTenant.
type SCIMTenantStatus struct {
	// conditions are Accepted, Programmed, Ready, Delivering and TokenExpiring, and those of readinessGates.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// url is the SCIM base URL that the identity provider is given.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	URL string `json:"url,omitempty"`

	// credentialsSecret names the Secret with base URL and token.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	CredentialsSecret string `json:"credentialsSecret,omitempty"`

	// users is the number of users. Unset until the server reports.
	// +optional
	Users *int64 `json:"users,omitempty"`

	// activeUsers is the number of users with active true.
	// +optional
	ActiveUsers *int64 `json:"activeUsers,omitempty"`

	// groups is the number of groups.
	// +optional
	Groups *int64 `json:"groups,omitempty"`

	// members is the number of the application's members, active and inactive. Unset without an application.
	// +optional
	Members *int64 `json:"members,omitempty"`

	// delivery is what has not reached the application yet. Unset without an application.
	// +optional
	Delivery *DeliveryStatus `json:"delivery,omitempty"`

	// move is the way of the tenant's data to another server. Unset when the move is over.
	// +optional
	Move *MoveStatus `json:"move,omitempty"`

	// remapping is the progress of a new mapping over the stored users. Unset when it is done.
	// +optional
	Remapping *RemappingStatus `json:"remapping,omitempty"`

	// lastRequestTime is when the identity provider was last heard; it may lag by some minutes.
	// +optional
	LastRequestTime *metav1.Time `json:"lastRequestTime,omitempty"`

	// lastRejection is the last request that was refused.
	// +optional
	LastRejection *RejectionStatus `json:"lastRejection,omitempty"`
}
