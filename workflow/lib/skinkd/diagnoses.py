"""The words behind the abbreviations of the classes.

Source: the ISIC 2019 challenge's description of its data; of PBK and SK, Kaggle's nine folders.
"""

NAMES = {
    "MEL": "melanoma",
    "NV": "melanocytic nevus",
    "BCC": "basal cell carcinoma",
    "AK": "actinic keratosis",
    "BKL": "benign keratosis",
    "DF": "dermatofibroma",
    "VASC": "vascular lesion",
    "SCC": "squamous cell carcinoma",
    "PBK": "pigmented benign keratosis",
    "SK": "seborrheic keratosis",
}
