"""What a network is shown: augmentation, batches, features of a frozen backbone."""
