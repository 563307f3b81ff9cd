package main

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// container is the operator's own in its pod.
const container = "manager"

// ownImage is the image of the operator's own container, which holds the server as well. Outside of a pod it is the
// image that a build by hand makes.
func ownImage(ctx context.Context, c client.Reader) (string, error) {
	pod := &corev1.Pod{}
	key := client.ObjectKey{Namespace: os.Getenv("POD_NAMESPACE"), Name: os.Getenv("POD_NAME")}
	if key.Namespace == "" || key.Name == "" {
		return defaultImage, nil
	}
	if err := c.Get(ctx, key, pod); err != nil {
		return "", fmt.Errorf("read the operator's own pod %s for its image (--server-image makes this needless): %w", key, err)
	}
	for _, own := range pod.Spec.Containers {
		if own.Name == container {
			return own.Image, nil
		}
	}
	return "", fmt.Errorf("the operator's own pod %s has no container %s: name the image with --server-image", key, container)
}
